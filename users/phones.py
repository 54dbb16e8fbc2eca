"""Telephone numbers, in E.164 (ITU-T): a plus sign and at most 15 digits."""

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

HOME = "BR"


def normalize(text: str) -> str:
    """Give a number as E.164; one without a country code is Brazilian.

    Raises ValidationError if no telephone network could have such a number.
    """
    try:
        number = phonenumbers.parse(text, HOME)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValidationError(_("This is not a telephone number."), code="invalid_phone")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def validate_phone(text: str) -> None:
    """Accept only a number that is already E.164."""
    if normalize(text) != text:
        raise ValidationError(
            _("Write the number with its country code, like +5511987654321."), code="invalid_phone"
        )
