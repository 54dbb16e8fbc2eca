"""Fields of JSON that accounts have of their own."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework import serializers

from config.api import LineField
from users import phones
from users.models import User

# Longer ones cost time to hash, and nobody types them.
LONGEST_PASSWORD = 256


class AddressField(serializers.EmailField):
    """An e-mail address as it is stored."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)

    def to_internal_value(self, value: Any) -> str:
        address = User.normalize_username(super().to_internal_value(value))
        # A quoted name may hold control characters, and no provider gives such addresses.
        if '"' in address:
            self.fail("invalid")
        return address


class PasswordField(serializers.CharField):
    """A password, with every character that was typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            write_only=True, trim_whitespace=False, max_length=LONGEST_PASSWORD, **kwargs
        )


class PhoneField(LineField):
    """A telephone number; one without a country code is Brazilian."""

    def to_internal_value(self, value: Any) -> str:
        text = super().to_internal_value(value)
        try:
            return phones.normalize(text) if text else ""
        except ValidationError as error:
            raise serializers.ValidationError(error.messages, error.code) from error
