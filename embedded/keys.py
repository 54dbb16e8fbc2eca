"""The secrets of one clone: made at random once, kept in a file that only its owner reads."""

import base64
import secrets
from collections.abc import Callable
from pathlib import Path

from embedded import state

STAFF = "admin@mutirao.local"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _password() -> str:
    return secrets.token_hex(24)


MAKERS: dict[str, Callable[[], str]] = {
    "secret_key": lambda: secrets.token_urlsafe(48),
    "jwt_signing_key": lambda: secrets.token_urlsafe(48),
    "data_encryption_key": _fernet_key,
    "postgres_password": _password,
    "valkey_password": _password,
    "manager_password": _password,
    "staff_password": lambda: secrets.token_urlsafe(12),
    "webhook_secret": lambda: secrets.token_urlsafe(48),
    "gateway_key": _password,
}


def fresh() -> dict[str, str]:
    return {name: make() for name, make in MAKERS.items()}


def kept(path: Path) -> dict[str, str]:
    """The same secrets at every start; only those that are missing are made."""
    before = state.read_json(path)
    keys = {**fresh(), **before}
    if keys != before:
        state.write_json(path, keys)
    return keys
