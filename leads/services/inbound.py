"""What the events of the gateway do here. Each may come twice, and in any order."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import uuid4

import orjson
from django.utils import timezone

from config.encryption import keyed_hash
from leads.evolution import messages, payloads
from leads.evolution.jids import Contact
from leads.evolution.messages import Change, Written
from leads.models import Conversation, Lead, LeadIdentity, Message, WebhookEvent, WhatsAppInstance
from leads.services import (
    capture,
    changing,
    conversations,
    erasing,
    identities,
    instances,
    outbox,
    transcribing,
)

Kind, Proof = LeadIdentity.Kind, LeadIdentity.Proof
SOURCE = "whatsapp"


def apply(event: WebhookEvent) -> None:
    """Do what the event says, within the caller's transaction; unknown kinds do nothing."""
    if act := HANDLERS.get(event.event):
        act(event, orjson.loads(event.payload))


def _upsert(event: WebhookEvent, payload: Any) -> None:
    for item in messages.written(payload.get("data")):
        if not item.is_from_us:
            _from_person(event.instance, item)
        elif not erasing.forgotten(event, item):
            _from_us(event.instance, item)
    _change(event.instance, messages.carried(payload.get("data"), event.received_at))


def _update(event: WebhookEvent, payload: Any) -> None:
    told = messages.statuses(payload.get("data"))
    # What failed locks a conversation, and that is locked before messages.
    for status in sorted(told, key=lambda one: one.delivery != Message.Delivery.FAILED):
        outbox.delivery_changed(event.instance, status.of, status.delivery)


def _edited(event: WebhookEvent, payload: Any) -> None:
    _change(event.instance, messages.changes(payload.get("data"), event.received_at))


def _connection(event: WebhookEvent, payload: Any) -> None:
    told = payload.get("data")
    instances.state_is(event.instance, str(told.get("state")) if isinstance(told, dict) else "")


HANDLERS: dict[str, Callable[[WebhookEvent, Any], None]] = {
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
    _catch_up(instance, item.external_id)
    if item.kind != Message.Kind.TEXT:
        message.refresh_from_db(fields=["kind", "text", "edited_at"])
        if not message.is_taken_back:
            transcribing.receive(message)


def _change(instance: WhatsAppInstance, told: Iterable[Change]) -> None:
    for change in told:
        _catch_up(instance, change.of, change)


def _catch_up(instance: WhatsAppInstance, of: str, *news: Change) -> None:
    """Do with a message what was told of it so far, in the order in which it was done.

    All of it each time: what came before the message, and before what was done earlier, too.
    """
    events = WebhookEvent.objects.filter(
        instance=instance, event=payloads.EDITED, external_id__startswith=f"{of}:"
    )
    told = [*news]
    for event in events:
        data = orjson.loads(event.payload).get("data")
        told += [one for one in messages.changes(data, event.received_at) if one.of == of]
    if told:
        changing.changed(instance, of, sorted(told))


def _from_us(instance: WhatsAppInstance, item: Written) -> None:
    """What went out of our number: one of ours that comes back, or written on the phone."""
    lead = _lead(item.contact, proof=Proof.STAFF)
    conversation = _conversation(instance, lead, item.contact)
    if not outbox.echoed(conversation, external_id=item.external_id, text=item.text):
        text = item.text or str(Message.Kind(item.kind).label)
        conversations.staff_wrote(
            conversation,
            by=None,
            text=text,
            external_id=item.external_id,
            sent_at=item.sent_at,
        )
    _catch_up(instance, item.external_id)


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
    """Their chat, under whatever address it began; two at once wait for the lead's lock."""
    chats = Conversation.objects.filter(instance=instance)
    if known := chats.filter(key=contact.key).first():
        return known
    if not contact.phone:
        known = chats.filter(lead=lead).order_by("pk").first()
    elif contact.lid and (known := chats.filter(key=contact.lid_key).first()):
        # Its phone was hidden until now.
        known.key, known.address = contact.key, contact.address
        known.save(update_fields=["key", "address"])
    return known or Conversation.objects.create(
        lead=lead,
        channel=Conversation.Channel.WHATSAPP,
        instance=instance,
        address=contact.address,
        key=contact.key,
        public_id=uuid4(),
    )
