"""What the events of the gateway do here. Each may come twice, and in any order."""

from collections.abc import Callable
from typing import Any

import orjson
from django.utils import timezone

from config.encryption import keyed_hash
from leads.evolution import messages, payloads
from leads.evolution.jids import Contact
from leads.evolution.messages import Edit, Reaction, Written
from leads.models import Conversation, Lead, LeadIdentity, Message, WebhookEvent, WhatsAppInstance
from leads.services import capture, conversations, identities, instances, outbox, transcribing

Kind, Proof = LeadIdentity.Kind, LeadIdentity.Proof
SOURCE = "whatsapp"


def apply(event: WebhookEvent) -> None:
    """Do what the event says, within the caller's transaction; unknown kinds do nothing."""
    if act := HANDLERS.get(event.event):
        act(event.instance, orjson.loads(event.payload))


def _upsert(instance: WhatsAppInstance, payload: Any) -> None:
    for item in messages.written(payload.get("data")):
        match item:
            case Written(is_from_us=True):
                _from_us(instance, item)
            case Written():
                _from_person(instance, item)
            case Reaction():
                conversations.reacted(instance, item.to, emoji=item.emoji)
            case Edit():
                conversations.edited(instance, item.of, text=item.text, at=item.at)


def _update(instance: WhatsAppInstance, payload: Any) -> None:
    for status in messages.statuses(payload.get("data")):
        outbox.delivery_changed(instance, status.of, status.delivery)


def _edited(instance: WhatsAppInstance, payload: Any) -> None:
    for edit in messages.edits(payload.get("data")):
        conversations.edited(instance, edit.of, text=edit.text, at=edit.at)


def _connection(instance: WhatsAppInstance, payload: Any) -> None:
    told = payload.get("data")
    instances.state_is(instance, str(told.get("state")) if isinstance(told, dict) else "")


HANDLERS: dict[str, Callable[[WhatsAppInstance, Any], None]] = {
    payloads.UPSERT: _upsert,
    payloads.UPDATE: _update,
    payloads.EDITED: _edited,
    payloads.CONNECTION: _connection,
}


def _from_person(instance: WhatsAppInstance, item: Written) -> None:
    lead = _lead(item.contact, proof=Proof.WHATSAPP, name=item.name)
    conversation = _conversation(instance, lead, item.contact)
    message, is_new = conversations.receive(
        conversation,
        external_id=item.external_id,
        text=item.text,
        kind=item.kind,
        sent_at=item.sent_at,
        name=item.name,
    )
    if not is_new:
        return
    _catch_up(instance, item)
    if item.kind != Message.Kind.TEXT:
        transcribing.receive(message)


def _catch_up(instance: WhatsAppInstance, item: Written) -> None:
    """Edits that came before what they edit."""
    early = WebhookEvent.objects.filter(
        instance=instance,
        event=payloads.EDITED,
        external_id__startswith=f"{item.external_id}:",
        processed_at__isnull=False,
    )
    for event in early.order_by("pk"):
        _edited(instance, orjson.loads(event.payload))


def _from_us(instance: WhatsAppInstance, item: Written) -> None:
    """What went out of our number: one of ours that comes back, or written on the phone."""
    lead = _lead(item.contact, proof=Proof.STAFF)
    conversation = _conversation(instance, lead, item.contact)
    if outbox.echoed(conversation, external_id=item.external_id, text=item.text):
        return
    text = item.text or str(Message.Kind(item.kind).label)
    conversations.staff_wrote(conversation, by=None, text=text, external_id=item.external_id)


def _lead(contact: Contact, *, proof: str, name: str = "") -> Lead:
    """Whose chat it is. An @lid that comes with its phone is known by both from then on."""
    if not contact.phone:
        return identities.lead_of(Kind.LID, contact.lid, proof=proof, source=SOURCE, name=name)
    # As a JID: that there is such a number is the gateway's word, whatever we know of its country.
    phone = f"{contact.phone}@s.whatsapp.net"
    known = identities.find(Kind.LID, contact.lid) if contact.lid else None
    if known and known.proof != Proof.CLAIM and not identities.find(Kind.PHONE, phone):
        _also(known.lead, Kind.PHONE, phone, proof)
    lead = identities.lead_of(Kind.PHONE, phone, proof=proof, source=SOURCE, name=name)
    if contact.lid and not known:
        _also(lead, Kind.LID, contact.lid, proof)
    elif known and known.lead_id != lead.pk:
        # Two leads that are one person: staff see it and merge them.
        capture.claim(lead, kind=Kind.LID, value=contact.lid)
    return lead


def _also(lead: Lead, kind: str, value: str, proof: str) -> None:
    normal = identities.normalize(kind, value)
    LeadIdentity.objects.get_or_create(
        kind=kind,
        key=keyed_hash(kind, normal),
        defaults={"lead": lead, "value": normal, "proof": proof, "proven_at": timezone.now()},
    )


def _conversation(instance: WhatsAppInstance, lead: Lead, contact: Contact) -> Conversation:
    """Their chat, under whatever address it began."""
    chats = Conversation.objects.filter(instance=instance)
    if not chats.filter(key=contact.key).exists():
        known = chats.filter(lead=lead).order_by("pk").first()
        if known and not contact.phone:
            return known
        # Its phone was hidden until now.
        hidden = chats.filter(key=contact.lid_key) if contact.lid else chats.none()
        hidden.update(key=contact.key, address=contact.address)
    return conversations.of_contact(
        lead,
        channel=Conversation.Channel.WHATSAPP,
        instance=instance,
        address=contact.address,
        key=contact.key,
    )
