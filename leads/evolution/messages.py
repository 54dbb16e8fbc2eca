"""What is in the events about messages, in our words."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from leads.evolution import jids
from leads.evolution.jids import Contact
from leads.models import Message

Json = dict[str, Any]
LONGEST = 65_536  # characters of a message: what WhatsApp takes
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
# What a change is.
REACTED, EDITED, TAKEN_BACK = "reacted", "edited", "taken back"
# The kind of the protocol's message that takes another one back, by name or by number.
REVOKE = ("REVOKE", 0)
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


@dataclass(frozen=True, order=True)
class Change:
    """What was done to a message (`of`) afterwards; they sort as they were done."""

    at: datetime
    what: str
    text: str  # the new one, or the emoji
    of: str
    # Who did it, where the gateway says so: else it is a person's, and nobody knows whose.
    by: Contact | None = field(default=None, compare=False)
    is_from_us: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class Status:
    of: str
    delivery: str


def written(data: Any) -> Iterator[Written]:
    """All messages of an upsert that concern a person; groups and the protocol's own are left out.

    What only changes another one is in `carried`.
    """
    for item in _items(data):
        key, message = _dict(item.get("key")), _unwrapped(_dict(item.get("message")))
        contact = jids.contact(key)
        if contact is not None and message and not _is_about_another(item):
            yield _written(item, key, contact, message)


def changes(data: Any, told_at: datetime) -> Iterator[Change]:
    """All reactions, edits and takings back: in the messages that carry them, or told alone.

    A message is of whom its key says. Told alone, the key is the one that the sender wrote into
    the change: it says whose the message is, as they like, and so never that it is ours.
    """
    for item in _items(data):
        key, carrier = _dict(item.get("key")), _dict(item.get("message"))
        by = jids.contact(key)
        if carrier and by is None:
            continue
        at = moment(item.get("messageTimestamp"), told_at)
        is_from_us = key.get("fromMe") is True
        for change in _changes(item, _unwrapped(carrier), at):
            if carrier:
                yield replace(change, by=by, is_from_us=is_from_us)
            else:  # `fromMe` is theirs: the chat is named as they see it
                yield replace(change, by=None if is_from_us else by)


def _changes(item: Json, message: Json, at: datetime) -> Iterator[Change]:
    if "reactionMessage" in message:
        yield from _reaction(_dict(message["reactionMessage"]), at)
    else:
        yield from _protocol(_dict(message.get("protocolMessage", item)), at)


def carried(data: Any, told_at: datetime) -> Iterator[Change]:
    """Those in an upsert, among messages that are none."""
    yield from changes([item for item in _items(data) if _is_about_another(item)], told_at)


def _is_about_another(item: Json) -> bool:
    message = _dict(item.get("message"))
    inner = _unwrapped(message)
    return "editedMessage" in message or "reactionMessage" in inner or "protocolMessage" in inner


def _reaction(reaction: Json, at: datetime) -> Iterator[Change]:
    if of := _id(reaction):
        at = _precise(reaction.get("senderTimestampMs"), at)
        yield Change(at, REACTED, _text(reaction.get("text")), of)


def _protocol(item: Json, at: datetime) -> Iterator[Change]:
    """An edit, or the taking back of a message; what else the protocol says is nothing."""
    of = _id(item)
    if of and item.get("type") in REVOKE:
        yield Change(at, TAKEN_BACK, "", of)
        return
    new = _dict(item.get("editedMessage")) or _dict(item.get("message"))
    text = _content(_unwrapped(new))[1]
    if of and text:
        yield Change(_precise(item.get("timestampMs"), at), EDITED, text, of)


def _id(item: Json) -> str:
    return _text(_dict(item.get("key")).get("id"))


def statuses(data: Any) -> Iterator[Status]:
    for item in _items(data):
        of = item.get("keyId") or _dict(item.get("key")).get("id")
        delivery = DELIVERIES.get(_text(item.get("status")))
        if delivery and isinstance(of, str):
            yield Status(of, delivery)


def moment(seconds: Any, otherwise: datetime | None = None) -> datetime:
    """By the gateway's clock; where that cannot be, ours."""
    now, number = timezone.now(), _number(seconds)
    earliest, latest = datetime(2009, 1, 1, tzinfo=UTC), now + timedelta(days=1)
    if not earliest.timestamp() <= number <= latest.timestamp():
        return otherwise or now
    return datetime.fromtimestamp(number, UTC)


def _precise(milliseconds: Any, otherwise: datetime) -> datetime:
    """Two edits may come within one second."""
    number = _number(milliseconds)
    if not number:
        return otherwise
    return moment(number // 1000, otherwise) + timedelta(milliseconds=number % 1000)


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
    for name, words in CHOICES.items():
        if name in message:
            return Message.Kind.TEXT, _text(_dict(message[name]).get(words))
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
