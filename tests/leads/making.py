"""Conversations for tests that look at them."""

import uuid
from datetime import timedelta

from django.utils import timezone

from leads.models import Conversation, Lead


def conversation(name="Maria", *said, state="agent", waiting_minutes=None, **fields):
    """One of the web chat; `said` are pairs of author and text, a minute between them."""
    lead = fields.pop("lead", None) or Lead.objects.create(name=name, source="web")
    since = waiting_minutes and timezone.now() - timedelta(minutes=waiting_minutes)
    made = Conversation.objects.create(
        lead=lead,
        channel="web",
        key=uuid.uuid4().hex,
        public_id=uuid.uuid4(),
        state=state,
        handed_off_at=since,
        last_message_at=timezone.now(),
        **fields,
    )
    for place, (author, text) in enumerate(said):
        moment = timezone.now() - timedelta(minutes=len(said) - place)
        made.messages.create(author=author, text=text, sent_at=moment)
    return made
