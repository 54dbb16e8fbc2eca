"""Signing in, by password or by a link in a mail."""

from django.contrib.auth import authenticate
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import AuthenticationFailed

from config import limits
from users import emails, mail_tokens, tasks
from users.mail_tokens import Purpose
from users.models import User
from users.services import lockout
from users.services.sessions import Device, begin_session
from users.tokens import Pair


class WrongCredentials(AuthenticationFailed):
    """One answer, whether the account is unknown or closed, or the password wrong."""

    default_detail = _("E-mail or password is wrong.")


def sign_in(email: str, password: str, device: Device) -> Pair:
    """Begin a session for who knows the password."""
    user = check_credentials(email, password, device)
    if user is None:
        raise WrongCredentials
    return begin_session(user, device)


def check_credentials(email: str, password: str, device: Device) -> User | None:
    """Give the active person that the password belongs to, within the limits of guessing.

    Not in a transaction: the failure must be on record when the caller refuses. For an
    unknown address a password is hashed too, so that the time tells nothing.
    """
    attempt = lockout.begin_attempt(User.normalize_username(email), device.address)
    user = authenticate(username=email, password=password)
    lockout.end_attempt(attempt, succeeded=user is not None)
    return user if isinstance(user, User) else None


def request_sign_in_link(email: str) -> None:
    """Mail a link to sign in, if the address has an account; the work here is the same if not."""
    if limits.hit("mail", email) is None:
        tasks.send_sign_in_link.delay_on_commit(account_of(email))


def account_of(email: str) -> int:
    """The id of the account of this address, or 0, whose task does nothing."""
    account = User.objects.filter(email=email, is_active=True).values_list("pk", flat=True)
    return account.first() or 0


def mail_sign_in_link(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id, is_active=True).first():
        emails.sign_in_link(user)


@transaction.atomic
def sign_in_by_link(token: str, device: Device) -> Pair:
    """Begin a session for who got the mail; the link has then been used."""
    user = mail_tokens.redeem(Purpose.SIGN_IN, token)
    lockout.record_success(user.email, device.address)
    return begin_session(user, device)
