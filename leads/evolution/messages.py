"""What is in the events about messages, in our words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from leads.evolution import jids
from leads.evolution.jids import Contact
from leads.models import Message

Json = dict[str, Any]
LONGEST = 20_000  # characters of a message; WhatsApp itself takes 65,536
# What only wraps another message.
WRAPPERS = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "deviceSentMessage",
    "editedMessage",
)
MEDIA = {
    "audioMessage": Message.Kind.AUDIO,
    "imageMessage": Message.Kind.IMAGE,
    "stickerMessage": Message.Kind.OTHER,
    "videoMessage": Message.Kind.VIDEO,
    "ptvMessage": Message.Kind.VIDEO,
    "documentMessage": Message.Kind.DOCUMENT,
}
# Where a choice from a menu has its words.
CHOICES = {
    "buttonsResponseMessage": "selectedDisplayText",
    "templateButtonReplyMessage": "selectedDisplayText",
    "listResponseMessage": "title",
}
DELIVERIES = {
    "ERROR": Message.Delivery.FAILED,
    "SERVER_ACK": Message.Delivery.SENT,
    "DELIVERY_ACK": Message.Delivery.DELIVERED,
    "READ": Message.Delivery.READ,
    "PLAYED": Message.Delivery.READ,
}


@dataclass(frozen=True)
class Written:
    """A message of a person, or one that was written from our phone."""

    external_id: str
    contact: Contact
    is_from_us: bool
    name: str
    kind: str
    text: str
    sent_at: datetime


@dataclass(frozen=True)
class Reaction:
    to: str
    emoji: str


@dataclass(frozen=True)
class Edit:
    of: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Status:
    of: str
    delivery: str


def written(data: Any) -> Iterator[Written | Reaction | Edit]:
    """All in an upsert that concerns a person; groups and the protocol's own are left out."""
    for item in _items(data):
        key, message = _dict(item.get("key")), _unwrapped(_dict(item.get("message")))
        contact = jids.contact(key)
        if contact is None or not message:
            continue
        if "reactionMessage" in message:
            reaction = _dict(message["reactionMessage"])
            yield Reaction(_text(_dict(reaction.get("key")).get("id")), _text(reaction.get("text")))
        elif "protocolMessage" in message:
            yield from edits(message["protocolMessage"])
        else:
            yield _written(item, key, contact, message)


def edits(data: Any) -> Iterator[Edit]:
    for item in _items(data):
        new = _dict(item.get("editedMessage")) or _dict(item.get("message"))
        of = _text(_dict(item.get("key")).get("id"))
        text = _content(_unwrapped(new))[1]
        if of and text:
            milliseconds = item.get("timestampMs")
            seconds = _number(milliseconds) // 1000 or item.get("messageTimestamp")
            yield Edit(of, text, moment(seconds))


def statuses(data: Any) -> Iterator[Status]:
    for item in _items(data):
        of = item.get("keyId") or _dict(item.get("key")).get("id")
        delivery = DELIVERIES.get(_text(item.get("status")))
        if delivery and isinstance(of, str):
            yield Status(of, delivery)


def moment(seconds: Any) -> datetime:
    """By the gateway's clock; where that cannot be, ours."""
    now, number = timezone.now(), _number(seconds)
    earliest, latest = datetime(2009, 1, 1, tzinfo=UTC), now + timedelta(days=1)
    if not earliest.timestamp() <= number <= latest.timestamp():
        return now
    return datetime.fromtimestamp(number, UTC)


def media_type(payload: Json) -> str:
    """Of the voice note in an upsert."""
    for item in _items(payload.get("data")):
        audio = _dict(_unwrapped(_dict(item.get("message"))).get("audioMessage"))
        return _text(audio.get("mimetype")).partition(";")[0] or "audio/ogg"
    return "audio/ogg"


def _written(item: Json, key: Json, contact: Contact, message: Json) -> Written:
    kind, text = _content(message)
    is_from_us = key.get("fromMe") is True
    return Written(
        external_id=_text(key.get("id")),
        contact=contact,
        is_from_us=is_from_us,
        # Of what we wrote ourselves it is our own name.
        name="" if is_from_us else _text(item.get("pushName"))[:150],
        kind=kind,
        text=text,
        sent_at=moment(item.get("messageTimestamp")),
    )


def _content(message: Json) -> tuple[str, str]:
    """Its kind, and what of it can be read."""
    for name, kind in MEDIA.items():
        if name in message:
            part = _dict(message[name])
            return kind, _text(part.get("caption") or part.get("fileName"))
    for name, field in CHOICES.items():
        if name in message:
            return Message.Kind.TEXT, _text(_dict(message[name]).get(field))
    extended = _dict(message.get("extendedTextMessage")).get("text")
    text = _text(message.get("conversation") or extended)
    return (Message.Kind.TEXT if text.strip() else Message.Kind.OTHER), text


def _unwrapped(message: Json) -> Json:
    for _ in range(5):
        inner = next((message[name] for name in WRAPPERS if name in message), None)
        if inner is None:
            return message
        message = _dict(_dict(inner).get("message"))
    return message


def _items(data: Any) -> Iterable[Json]:
    return [item for item in (data if isinstance(data, list) else [data]) if isinstance(item, dict)]


def _dict(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value.replace("\0", "")[:LONGEST] if isinstance(value, str) else ""


def _number(value: Any) -> int:
    """A number as JSON has it: plain, as text, or in the two halves of JavaScript's Long."""
    if isinstance(value, dict):
        value = value.get("low")
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        return int(value)
    return int(value) if isinstance(value, int | float) and abs(value) < 2**53 else 0
