"""Conversations and what was found for them; a test names only what matters to it."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone

from config.encryption import keyed_hash
from leads.agent.providers.protocol import Asked
from leads.models import Conversation, Lead, WhatsAppInstance
from leads.services import conversations


def instance(name="mutirao"):
    return WhatsAppInstance.objects.get_or_create(
        name=name, defaults={"path_key": f"key-{name}", "state": "open"}
    )[0]


def conversation(number=1, channel="whatsapp", **facts):
    """Of a new lead, whom the assistant answers and to whom it has introduced itself."""
    lead = Lead.objects.create(source=channel)
    whatsapp = channel == "whatsapp"
    return Conversation.objects.create(
        lead=lead,
        channel=channel,
        instance=instance() if whatsapp else None,
        address=f"55119123400{number:02}@s.whatsapp.net" if whatsapp else "",
        key=keyed_hash("jid", str(number)),
        public_id=uuid4(),
        **{"introduced_at": timezone.now(), **facts},
    )


def write(to, text="Onde é o mutirão?", *, ago=0, external_id=None, **more):
    """A message of the person, written so many seconds ago; whether it is new goes lost."""
    sent_at = timezone.now() - timedelta(seconds=ago)
    external_id = external_id or uuid4().hex
    return conversations.receive(to, external_id=external_id, text=text, sent_at=sent_at, **more)[0]


def said(to, author="agent"):
    """The texts of one side, as they stand in the conversation."""
    return [message.text for message in to.messages.filter(author=author).in_order()]


def fresh(row):
    row.refresh_from_db()
    return row


STUCK = object()  # a provider that never goes on


class Scripted:
    """A provider that says what the test tells it to, whatever it is told itself."""

    name = "scripted"
    breaker = None

    def __init__(self, *pieces, model="", meanwhile=None):
        self.pieces, self.model, self.meanwhile = pieces, model, meanwhile
        self.prompts = []

    async def stream(self, prompt):
        self.prompts.append(prompt)
        if self.meanwhile:
            await self.meanwhile()
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            if piece is STUCK:
                await asyncio.Event().wait()
            yield piece


def asks(name, **arguments):
    return Asked(name, {"action": name, **arguments})
