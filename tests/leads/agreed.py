"""Leads who agreed to be written to, where they are reached, and what becomes of follow-ups."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from django.utils import timezone

from config.encryption import keyed_hash
from leads.models import (
    Conversation,
    Enrolment,
    FollowUp,
    Lead,
    LeadConsent,
    LeadIdentity,
    WhatsAppInstance,
)

# Noon in São Paulo, on a Thursday.
NOON = datetime(2026, 11, 26, 15, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def lead_who_agreed(*, email="", whatsapp=False, agreed=True, **fields):
    """A lead in São Paulo; `email` and `whatsapp` say where they proved to be."""
    lead = Lead.objects.create(**{"name": "Iara Lima", "source": "form", **fields})
    if agreed:
        LeadConsent.objects.create(
            lead=lead, purpose="unasked", is_given=True, channel="web", text="Sim"
        )
    if email:
        LeadIdentity.objects.create(
            lead=lead,
            kind="email",
            key=keyed_hash("email", email),
            value=email,
            proof="email",
            proven_at=timezone.now(),
        )
    if whatsapp:
        talk_with(lead)
    return lead


def talk_with(lead, **fields):
    """A WhatsApp conversation of the lead."""
    number, _ = WhatsAppInstance.objects.get_or_create(
        name="mutirao", defaults={"path_key": "k", "state": "open", "is_default": True}
    )
    jid = f"55119{lead.conversations.count():03}{lead.pk:05}@s.whatsapp.net"
    return Conversation.objects.create(
        lead=lead,
        channel="whatsapp",
        instance=number,
        address=jid,
        key=keyed_hash("jid", jid),
        public_id=uuid4(),
        **fields,
    )


def statuses():
    return list(FollowUp.objects.order_by("due_at", "pk").values_list("status", "reason"))


def planned(sequence, lead, **fields):
    """A follow-up of the first step that is due now."""
    now = timezone.now()
    row = Enrolment.objects.create(sequence=sequence, lead=lead, triggered_at=now)
    fields = {"due_at": now, "step": sequence.steps.first(), **fields}
    return FollowUp.objects.create(enrolment=row, lead=lead, **fields)
