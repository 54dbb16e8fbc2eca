"""A call of the webhook, as far as it must be understood to be stored once."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson
from django.utils import timezone

from config.encryption import keyed_hash
from leads.evolution import jids, messages

EVENT = re.compile(r"[a-z0-9][a-z0-9.]{0,39}")
ID = re.compile(r"[\x21-\x7e]{1,128}")
UPSERT, UPDATE, EDITED = "messages.upsert", "messages.update", "messages.edited"
# How the gateway tells of a message that was taken back: by its key alone.
DELETED = "messages.delete"
CONNECTION = "connection.update"
# The form of the first documents.
RECEIVED = "message.received"
Json = dict[str, Any]


class Malformed(Exception):
    """What was sent, though signed, is not what the gateway sends."""


@dataclass(frozen=True)
class Call:
    """One event: of which instance (None: the default one), by what it is known, and as JSON."""

    event: str
    instance: str | None
    external_id: str
    contact: str
    payload: str


def read(body: bytes) -> Json:
    try:
        payload = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("This is no JSON.") from error
    if not isinstance(payload, dict):
        raise Malformed("An object is expected.")
    return payload


def call(payload: Json) -> Call:
    """Understand the envelope. Unknown kinds of events are kept too, under a name of their own."""
    event = _event(payload)
    if not EVENT.fullmatch(event):
        raise Malformed("`event` is missing.")
    if event == RECEIVED:
        return _call(UPSERT, None, _as_upsert(payload))
    instance = payload.get("instance")
    if not (isinstance(instance, str) and 0 < len(instance) <= 80 and "\0" not in instance):
        raise Malformed("`instance` is missing.")
    data = payload.get("data")
    if event == DELETED and isinstance(data, dict):
        taken_back = {"key": _key(data) or data, "type": messages.REVOKE[0]}
        event, payload = EDITED, {**payload, "event": EDITED, "data": taken_back}
    return _call(event, instance, payload)


def is_received_form(payload: Json) -> bool:
    return _event(payload) == RECEIVED


def _event(payload: Json) -> str:
    """Its kind, however it is spelled: all that is decided by the kind is decided by this."""
    event = payload.get("event")
    return event.lower().replace("_", ".") if isinstance(event, str) else ""


def of_record(instance: str, record: Json) -> Call:
    """A message that the gateway remembers, as if it had told of it when it came."""
    return _call(UPSERT, instance, {"event": UPSERT, "instance": instance, "data": record})


def of_status(instance: str, record: Json, status: str) -> Call:
    """Likewise a state that one of our messages has reached."""
    key = record["key"]
    data = {"keyId": key["id"], "remoteJid": key.get("remoteJid"), "fromMe": True, "status": status}
    return _call(UPDATE, instance, {"event": UPDATE, "instance": instance, "data": data})


def _call(event: str, instance: str | None, payload: Json) -> Call:
    content = {name: value for name, value in payload.items() if name != "apikey"}
    try:
        text = orjson.dumps(content).decode()
    except orjson.JSONEncodeError as error:
        # It reads deeper than it writes.
        raise Malformed("This is nested too deeply.") from error
    event, external_id = _identity(event, content)
    return Call(event, instance, external_id, _contact(instance, content), text)


def _identity(event: str, payload: Json) -> tuple[str, str]:
    """Its kind and id; a message that only changes another one is kept with all that does so."""
    external_id, data = _id(event, payload), payload.get("data")
    if event == UPSERT and isinstance(data, dict):
        for change in messages.carried(data, timezone.now()):
            own = external_id if external_id != change.of else _hash(data.get("message"))[:32]
            if ID.fullmatch(name := f"{change.of}:{own}"):
                return EDITED, name
    return event, external_id


def _id(event: str, payload: Json) -> str:
    """What makes a repetition one: the message's id where there is one, else all that is said.

    What came before its message is looked for by the id with which it begins.
    """
    data = payload.get("data")
    if isinstance(data, dict):
        if event == UPSERT:
            return _checked(_key(data).get("id"))
        if event == UPDATE and "status" in data:
            return _checked(f"{data.get('keyId') or _key(data).get('id')}:{data['status']}")
        if event == EDITED and "id" in _key(data):
            return _checked(f"{_key(data)['id']}:{_digest(payload)[:32]}")
    elif event in (UPSERT, UPDATE, EDITED) and not isinstance(data, list):
        raise Malformed("`data` is missing.")
    return _digest(payload)


def _digest(payload: Json) -> str:
    # With `date_time`: a second "open" of a connection is no repetition of the first.
    said = {name: payload.get(name) for name in ("event", "instance", "data", "date_time")}
    return _hash(said)


def _hash(said: Any) -> str:
    return sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _contact(instance: str | None, payload: Json) -> str:
    """In whose line the event waits: a person's, or that of all that concerns nobody."""
    data = payload.get("data")
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict):
        key = _key(first) or first
        if found := jids.contact(key):
            return found.key
    return keyed_hash("instance", instance or "")


def _key(data: Json) -> Json:
    key = data.get("key")
    return key if isinstance(key, dict) else {}


def _checked(value: Any) -> str:
    if not (isinstance(value, str) and ID.fullmatch(value)):
        raise Malformed("The message has no id.")
    return value


def _as_upsert(payload: Json) -> Json:
    data, moment = payload.get("data"), payload.get("timestamp")
    if not isinstance(data, dict):
        raise Malformed("`data` is missing.")
    sender, text = data.get("from"), data.get("message")
    if not (isinstance(sender, str) and isinstance(text, str)):
        raise Malformed("`data` needs `from` and `message`.")
    jid = jids.plain(sender) or jids.plain(re.sub(r"[\s().+-]", "", sender) + jids.PHONE)
    if not jid:
        raise Malformed("`from` is no phone.")
    said = "\n".join((str(moment), sender, text))
    message_id = data.get("id") or sha256(said.encode()).hexdigest()
    return {
        "event": UPSERT,
        "data": {
            "key": {"remoteJid": jid, "fromMe": False, "id": message_id},
            "message": {"conversation": text},
            "messageTimestamp": _seconds(moment),
        },
    }


def _seconds(moment: Any) -> int:
    """A Unix time, or one of ISO 8601."""
    if isinstance(moment, int) and not isinstance(moment, bool):
        return moment
    if not isinstance(moment, str):
        raise Malformed("`timestamp` is missing.")
    if moment.isascii() and moment.isdecimal() and len(moment) <= 15:
        return int(moment)
    try:
        at = datetime.fromisoformat(moment)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise Malformed("`timestamp` is no time.") from error
