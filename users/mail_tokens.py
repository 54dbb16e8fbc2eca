"""Tokens in links of mails: signed, short-lived, for one purpose and one use."""

from datetime import timedelta
from enum import StrEnum

from django.core import signing
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from users.models import User


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    CHANGE_EMAIL = "change_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105
    SIGN_IN = "sign_in"


AGES = {
    Purpose.CONFIRM_EMAIL: timedelta(days=7),
    Purpose.CHANGE_EMAIL: timedelta(days=1),
    Purpose.RESET_PASSWORD: timedelta(hours=1),
    Purpose.SIGN_IN: timedelta(minutes=15),
}


def make(purpose: Purpose, user: User) -> str:
    """Make a token that works until it is used, is too old, or what it is about has changed."""
    return _signer(purpose).sign_object([user.pk, _stamp(purpose, user)])


def redeem(purpose: Purpose, token: str) -> User:
    """Give the person of a token, with the row locked: of many who try, one goes on.

    The stamp is compared under the lock. Whatever the caller does next must change the
    state that is in it, in the same transaction.
    """
    try:
        pk, stamp = _signer(purpose).unsign_object(token, max_age=AGES[purpose])
    except signing.BadSignature as error:
        raise refused() from error
    user = User.objects.select_for_update(no_key=True).filter(pk=pk, is_active=True).first()
    if user is None or not constant_time_compare(stamp, _stamp(purpose, user)):
        raise refused()
    return user


def refused() -> ValidationError:
    """One answer for all reasons."""
    error = ValidationError(
        _("This link is invalid, was used or has expired."), code="invalid_token"
    )
    return ValidationError({"token": error})


def _stamp(purpose: Purpose, user: User) -> str:
    """Stands for the state that the use of the token changes, without telling it.

    The token version is always part: a new password ends all links that wait.
    """
    state = {
        Purpose.CONFIRM_EMAIL: user.email_confirmed_at,
        Purpose.CHANGE_EMAIL: user.pending_email,
        Purpose.RESET_PASSWORD: None,
        Purpose.SIGN_IN: user.last_login,
    }[purpose]
    value = f"{user.email}\n{user.token_version}\n{state}"
    return salted_hmac(f"users.stamp.{purpose}", value, algorithm="sha256").hexdigest()[:32]


def _signer(purpose: Purpose) -> signing.TimestampSigner:
    # A dot, unlike a colon, looks the same in a link and in a form.
    return signing.TimestampSigner(sep=".", salt=f"users.mail_tokens.{purpose}")
