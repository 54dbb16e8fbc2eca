"""Writing to a conversation's stream, from the event loop or from anywhere else."""

import logging
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from config import nudge
from config.errors import DependencyAway
from leads.models import Conversation, Message
from leads.streams.wire import (
    LENGTH,
    LIFETIME,
    WRITE,
    message_fields,
    sealed,
    stream_key,
)

logger = logging.getLogger(__name__)


def publish_message(message: Message) -> None:
    """Tell a visitor's readers of a message that is committed; without the broker the row waits.

    May be called again: readers know a message by its id.
    """
    conversation = message.conversation
    if conversation.channel != Conversation.Channel.WEB:
        return
    fields = {**message_fields(message), "state": conversation.state}
    is_told = _write(conversation.public_id, "message", fields)
    delivery = Message.Delivery.SENT if is_told else Message.Delivery.QUEUED
    untold = Message.objects.filter(pk=message.pk, delivery=Message.Delivery.QUEUED)
    untold.update(delivery=delivery)


def publish_state(conversation: Conversation) -> None:
    """Tell a visitor's readers who answers from now on."""
    if conversation.channel == Conversation.Channel.WEB:
        _write(conversation.public_id, "state", {"state": conversation.state})


def forget(conversations: list[UUID]) -> None:
    """Delete what their streams still tell; without the broker it is gone within minutes."""
    keys = [stream_key(conversation) for conversation in conversations]
    try:
        nudge.BREAKER.call(_redis().unlink, *keys)
    except (RedisError, DependencyAway):
        logger.warning("The broker is away; what was streamed runs out by itself.")


def _write(conversation: UUID, event: str, fields: dict[str, Any]) -> bool:
    key, data = stream_key(conversation), sealed(fields)
    try:
        nudge.BREAKER.call(_redis().eval, WRITE, 1, key, LENGTH, LIFETIME, event, data)
    except (RedisError, DependencyAway):
        logger.warning("The broker is away; what was to be streamed waits.")
        return False
    return True


@cache
def _redis() -> "Redis":
    return Redis.from_url(
        settings.CELERY_BROKER_URL, **settings.REDIS_TIMEOUTS, retry=Retry(NoBackoff(), 0)
    )
