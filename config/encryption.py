"""What only we can read at rest (Fernet), and the keyed hashes by which it is found."""

import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.crypto import salted_hmac


class Unreadable(Exception):
    """The text was sealed with another key, or changed since."""


def seal(text: str) -> str:
    """Encrypt a text with DATA_ENCRYPTION_KEY; twice the same text gives two different seals."""
    return _fernet(settings.DATA_ENCRYPTION_KEY).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Give the text back; raise Unreadable if this key did not seal it."""
    try:
        return _fernet(settings.DATA_ENCRYPTION_KEY).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        raise Unreadable("This key did not seal the text.") from error


def keyed_hash(kind: str, value: str) -> str:
    """Give 64 hexadecimal digits that only we can compute: to find a value without reading any.

    Values of different kinds never have the same, so a phone never looks like an e-mail.
    """
    key, text = settings.DATA_ENCRYPTION_KEY, f"{kind}\0{value}"
    return salted_hmac("config.encryption", text, secret=key, algorithm="sha256").hexdigest()


@cache
def _fernet(key: str) -> Fernet:
    return Fernet(key)


class EncryptedTextField(models.TextField):
    """Text that is sealed in the database; it can be read, but not searched or ordered by."""

    def get_prep_value(self, value: Any) -> Any:
        # Nothing is as empty as it looks, so constraints may ask whether there is any.
        text = super().get_prep_value(value)
        return seal(text) if text else text

    def from_db_value(self, value: str | None, *context: Any) -> str | None:
        return unseal(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Only `isnull`: no two seals are equal."""
        if lookup_name != "isnull":
            raise TypeError(f"{self.name} is encrypted: nothing can be found by it.")
        return super().get_lookup(lookup_name)


class EncryptedJSONField(EncryptedTextField):
    """The same for what JSON can hold."""

    # What type checkers take it for.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(json.dumps(value, cls=DjangoJSONEncoder))

    def from_db_value(self, value: str | None, *context: Any) -> Any:
        return json.loads(unseal(value)) if value else None

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        return json.dumps(self.value_from_object(obj), cls=DjangoJSONEncoder)
