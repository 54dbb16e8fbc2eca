"""What we ask of the gateway: to send, what it remembers, and how an instance is."""

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx2
from django.conf import settings

from config import http
from config.errors import DependencyAway

# It answers a sending when WhatsApp has taken the message.
TIMEOUT = httpx2.Timeout(15, connect=2, pool=2)
LONGEST = 20
PAGE = 100
MOST_PAGES = 200
# Then the call did not even begin.
NEVER_BEGAN = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
# Of the instance, whatever was asked: a wrong key, a name that is not there.
ABOUT_THE_INSTANCE = (401, 403, 404)
# Told of: what changes a conversation, and how the connection is.
EVENTS = [
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "MESSAGES_EDITED",
    "MESSAGES_DELETE",
    "CONNECTION_UPDATE",
]
Json = dict[str, Any]
CLIENT = http.Client("evolution")


class Refused(Exception):
    """The gateway said no, and would again."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    @property
    def is_about_the_instance(self) -> bool:
        return self.status in ABOUT_THE_INSTANCE


class Unfinished(Exception):
    """It remembers more of that time than we read at once: the earliest is missing."""


class NotSent(Exception):
    """The gateway cannot have sent it; in `wait` seconds trying again may help."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.wait = wait


class Uncertain(Exception):
    """It may have been sent, or not: ask before it is sent again."""


def send_text(instance: str, address: str, text: str) -> str:
    """Send a text; return the id by which the gateway knows it."""
    body = {"number": address, "text": text}
    try:
        answer = _call("POST", "message/sendText", instance, json=body)
        return str(answer["key"]["id"])
    except DependencyAway as error:
        if _never_arrived(error):
            raise NotSent(error.wait) from error
        raise Uncertain from error
    except (http.TooMuch, KeyError, TypeError) as error:
        raise Uncertain from error


def find_messages(
    instance: str, *, since: datetime, until: datetime, only_ours: bool = False
) -> Iterator[Json]:
    """What it remembers of that time, the latest first; raise Unfinished where it is too much."""
    where: Json = {"messageTimestamp": {"gte": since.isoformat(), "lte": until.isoformat()}}
    if only_ours:
        where["key"] = {"fromMe": True}
    earliest, latest = since.timestamp() - 1, until.timestamp() + 1
    for number in range(1, MOST_PAGES + 1):
        records, pages = _page(instance, {"where": where, "page": number, "offset": PAGE})
        moments = [int(record["messageTimestamp"]) for record in records]
        for record, moment in zip(records, moments, strict=True):
            # Older gateways do not know the bounds.
            if earliest <= moment <= latest:
                yield record
        if number >= pages or (moments and moments[-1] < earliest):
            return
    raise Unfinished


def _page(instance: str, query: Json) -> tuple[list[Json], int]:
    answer = _call("POST", "chat/findMessages", instance, json=query, **_REPEATABLE)
    try:
        found = answer["messages"]
        return [record for record in found["records"] if _is_message(record)], int(found["pages"])
    except (KeyError, TypeError, ValueError) as error:
        raise DependencyAway(CLIENT.name) from error


def state(instance: str) -> str:
    """open, connecting or close."""
    answer = _call("GET", "instance/connectionState", instance, attempts=1)
    return str(answer["instance"]["state"])


def voice(instance: str, message_id: str) -> bytes:
    """The sound of a voice note, which WhatsApp keeps sealed."""
    body = {"message": {"key": {"id": message_id}}, "convertToMp4": False}
    answer = _call("POST", "chat/getBase64FromMediaMessage", instance, json=body, **_REPEATABLE)
    try:
        return base64.b64decode(answer["base64"], validate=True)
    except (KeyError, TypeError, binascii.Error) as error:
        raise DependencyAway(CLIENT.name) from error


def create(instance: str) -> None:
    """Make the instance, if there is none of this name."""
    body = {"instanceName": instance, "integration": "WHATSAPP-BAILEYS", "qrcode": False}
    try:
        _call("POST", "instance/create", json=body)
    except Refused as refusal:
        # 403 is also how it says that the name is taken.
        if refusal.status != 403:
            raise
        state(instance)


def set_webhook(instance: str, url: str, secret: str) -> None:
    webhook = {
        "enabled": True,
        "url": url,
        "byEvents": False,
        "base64": False,
        "headers": {"jwt_key": secret},
        "events": EVENTS,
    }
    _call("POST", "webhook/set", instance, json={"webhook": webhook})


def connect(instance: str) -> str:
    """What a phone must scan to become this instance's; "" if one is connected."""
    return str(_call("GET", "instance/connect", instance).get("code") or "")


# Nothing happens by asking, so it may be asked again.
_REPEATABLE: Json = {"headers": {"Idempotency-Key": "read"}}


def _call(
    method: str,
    path: str,
    instance: str = "",
    *,
    headers: dict[str, str] | None = None,
    **options: Any,
) -> Any:
    place = f"{path}/{quote(instance, safe='')}" if instance else path
    response = CLIENT.request(
        method,
        f"{settings.EVOLUTION_URL.rstrip('/')}/{place}",
        headers={"apikey": settings.EVOLUTION_API_KEY, **(headers or {})},
        timeout=TIMEOUT,
        longest=LONGEST,
        **options,
    )
    if response.status_code >= 400:
        raise Refused(response.status_code)
    return _json(response)


def _json(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError as error:
        raise DependencyAway(CLIENT.name) from error


def _never_arrived(error: DependencyAway) -> bool:
    cause = error.__cause__
    if isinstance(cause, http.ServerError):
        return cause.response.status_code == 429
    # Anything but trouble on the way is the breaker: then nobody was asked.
    return isinstance(cause, NEVER_BEGAN) or not isinstance(cause, (*http.TROUBLE, ValueError))


def _is_message(record: Any) -> bool:
    key = record.get("key") if isinstance(record, dict) else None
    return (
        isinstance(key, dict)
        and isinstance(key.get("id"), str)
        and str(record.get("messageTimestamp")).isdecimal()
    )
