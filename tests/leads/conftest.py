import pytest
import redis
from django.conf import settings

from leads.models import Conversation
from leads.streams import publishing, wire


@pytest.fixture
def published(db):
    """The events in the stream of the only conversation, in their order."""
    publishing._redis.cache_clear()

    def names():
        key = wire.stream_key(Conversation.objects.get().public_id)
        with redis.Redis.from_url(settings.CELERY_BROKER_URL) as broker:
            return [fields[b"event"].decode() for _, fields in broker.xrange(key)]

    return names
