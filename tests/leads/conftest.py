"""What tests of leads share."""

from uuid import uuid4

import pytest
from django.utils import timezone

from config.encryption import keyed_hash
from leads.models import Conversation, Lead, LeadConsent, LeadIdentity, WhatsAppInstance


@pytest.fixture
def make_lead(db):
    """Make a lead who agreed to be written to, in São Paulo; `email`, `whatsapp` say where."""

    def make(*, email="", whatsapp=False, agreed=True, **fields):
        lead = Lead.objects.create(**{"name": "Iara Lima", "source": "form", **fields})
        if agreed:
            LeadConsent.objects.create(
                lead=lead, purpose="unasked", is_given=True, channel="form", text="Sim"
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

    return make


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
