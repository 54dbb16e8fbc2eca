"""Whether the gateway itself calls: a signature over the body, or the token that it makes."""

import hmac
import time
from collections.abc import Mapping
from enum import Enum, auto

import jwt
from django.conf import settings

from config import addresses

SIGNATURE, TIMESTAMP = "X-Webhook-Signature", "X-Webhook-Timestamp"
LEEWAY = 30  # seconds by which the clocks of gateway and replica may differ


class Unsigned(Exception):
    """Nothing proves that the gateway sent this."""


class Proof(Enum):
    """What was signed: every byte of the body, or only that the gateway calls."""

    BODY = auto()
    CALLER = auto()


def verify(headers: Mapping[str, str], body: bytes, *, key: str, address: str) -> Proof:
    """Say what proves the call, or raise Unsigned. Nothing of the body has been read yet.

    Evolution signs no body: its token counts only at an address that holds the instance's secret
    key, and, where WEBHOOK_NETWORKS is set, from there.
    """
    if SIGNATURE in headers:
        if _signs(headers[SIGNATURE], headers.get(TIMESTAMP, ""), body):
            return Proof.BODY
    elif key and _is_token(headers.get("Authorization", "")) and _may_come_from(address):
        return Proof.CALLER
    raise Unsigned


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """What X-Webhook-Signature must be."""
    text = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), text, "sha256").hexdigest()


def _signs(signature: str, timestamp: str, body: bytes) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return False
    given, is_right = signature.encode(), False
    for secret in settings.WEBHOOK_SECRETS:
        # Each is looked at, whichever fits: how long it takes tells nothing.
        is_right |= hmac.compare_digest(sign(secret, timestamp, body).encode(), given)
    away = abs(time.time() - int(timestamp))
    return is_right and away <= settings.WEBHOOK_WINDOW.total_seconds()


def _is_token(header: str) -> bool:
    scheme, _, token = header.partition(" ")
    return scheme == "Bearer" and any(_opens(secret, token) for secret in settings.WEBHOOK_SECRETS)


def _opens(secret: str, token: str) -> bool:
    try:
        jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp"]}, leeway=LEEWAY)
    except jwt.InvalidTokenError:
        return False
    return True


def _may_come_from(address: str) -> bool:
    networks = settings.WEBHOOK_NETWORKS
    return not networks or addresses.is_in(address, networks)
