"""Accounts: how one is made, gets its address, and is closed."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import Throttled

from config import limits
from config.errors import DomainError
from config.patience import MAX_ATTEMPTS, overdue
from users import emails, mail_tokens, tasks
from users.mail_tokens import Purpose
from users.models import Erasure, User

EMAIL_TAKEN = _("This e-mail has an account already.")
SWEEP_SIZE = 200


class EmailConfirmed(DomainError):
    code = "email_confirmed"
    message = _("This e-mail is confirmed already.")


class LastSuperuser(DomainError):
    code = "last_superuser"
    message = _("Somebody must remain who may do everything.")


class AccountClosed(DomainError):
    code = "account_closed"
    message = _("This account was closed.")


class AccountErased(DomainError):
    code = "account_erased"
    message = _("This account was erased: nobody can open it again.")


@transaction.atomic
def register(*, email: str, password: str, **profile: Any) -> User:
    """Make an account and greet its owner; of several for one address, one is made."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email, password, registered_at=timezone.now(), **profile
            )
    except IntegrityError as error:
        if User.objects.filter(email=User.normalize_username(email)).exists():
            raise _taken("email") from error
        raise
    tasks.send_welcome_email.delay_on_commit(user.pk)
    return user


def welcome(user_id: int) -> None:
    """Greet a person once, however often this runs, and give up after MAX_ATTEMPTS.

    The try is counted first and for itself, so that one that kills the worker counts too.
    The second update is the claim: a second run waits for it, then finds nothing to do. If
    the mail fails, the claim rolls back and a retry sends it.
    """
    waiting = User.objects.filter(pk=user_id, welcomed_at=None, is_active=True)
    untired = waiting.filter(welcome_attempts__lt=MAX_ATTEMPTS)
    if not untired.update(welcome_attempts=F("welcome_attempts") + 1):
        return
    with transaction.atomic():
        if waiting.update(welcomed_at=Now()):
            emails.welcome(User.objects.get(pk=user_id))


def overdue_welcomes() -> list[int]:
    """The oldest of the accounts whose welcome waits for too long."""
    waiting = User.objects.waiting_for_welcome()
    due = waiting.filter(overdue(attempts="welcome_attempts", since="registered_at"))
    return list(due.order_by("registered_at").values_list("pk", flat=True)[:SWEEP_SIZE])


def request_confirmation(user: User) -> None:
    """Mail the link that confirms the address once more."""
    if user.email_confirmed_at:
        raise EmailConfirmed
    if wait := limits.hit("mail", user.email):
        raise Throttled(wait)
    tasks.send_email_confirmation.delay_on_commit(user.pk)


def mail_email_confirmation(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id, is_active=True, email_confirmed_at=None).first():
        emails.email_confirmation(user)


@transaction.atomic
def confirm_email(token: str) -> User:
    """Note that the account's address is its owner's."""
    user = mail_tokens.redeem(Purpose.CONFIRM_EMAIL, token)
    user.email_confirmed_at = timezone.now()
    user.save(update_fields=["email_confirmed_at"])
    return user


@transaction.atomic
def change_profile(user: User, changes: dict[str, Any]) -> User:
    """Write what a person says of themselves; who was erased meanwhile says nothing any more."""
    user = lock_account(user)
    for name, value in changes.items():
        setattr(user, name, value)
    user.save(update_fields=changes)
    return user


@transaction.atomic
def request_email_change(user: User, email: str) -> None:
    """Let a new address wait for its confirmation; the old one hears of it meanwhile."""
    user = lock_account(user)
    if User.objects.filter(email=email).exists():
        raise _taken("email")
    if limits.hit("mail", email) is not None:
        return
    User.objects.filter(pk=user.pk).update(pending_email=email)
    # The notice first: without a broker neither goes, and never the other one alone.
    tasks.send_email_change_notice.delay_on_commit(user.pk, user.email, email)
    tasks.send_email_change.delay_on_commit(user.pk)


@transaction.atomic
def confirm_email_change(token: str) -> User:
    """Make the waiting address the account's login, unless another account took it."""
    user = mail_tokens.redeem(Purpose.CHANGE_EMAIL, token)
    user.email, user.pending_email = user.pending_email, ""
    user.email_confirmed_at = timezone.now()
    try:
        with transaction.atomic():
            user.save(update_fields=["email", "pending_email", "email_confirmed_at"])
    except IntegrityError as error:
        raise _taken("token") from error
    return user


def mail_email_change(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id, is_active=True).exclude(pending_email="").first():
        emails.email_change(user)


def mail_email_change_notice(user_id: int, old_email: str = "", new_email: str = "") -> None:
    """Warn the address that the account had when it was asked, whatever came of it since."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user and (new_email or user.pending_email):
        emails.email_change_notice(user, to=old_email, new_email=new_email)


def lock_account(user: User) -> User:
    """Give the person as they are now, and let whoever closes or erases the account wait.

    Comes before the lock of an event: a person after an event would deadlock.
    """
    try:
        return User.objects.select_for_update(no_key=True).get(pk=user.pk, is_active=True)
    except User.DoesNotExist:
        raise AccountClosed from None


def check_not_erased(user: User) -> None:
    """Refuse who is nobody any more; the lock lets an erasure wait until the transaction ends."""
    locked = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Erasure.objects.filter(user=locked).exists():
        raise AccountErased


def check_not_last_superuser(user: User) -> None:
    """Refuse to lose the last one; the lock on all of them lasts until the transaction ends."""
    superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
    if user.is_superuser and list(superusers.select_for_update(no_key=True)) == [user]:
        raise LastSuperuser


@transaction.atomic
def deactivate(user: User) -> None:
    """Close an account: its tokens, and its sign-in to the admin, stop at the next request.

    The lock on all superusers keeps two of them from closing each other's account at once.
    """
    check_not_last_superuser(user)
    User.objects.filter(pk=user.pk).update(is_active=False)


@transaction.atomic
def reactivate(user: User) -> None:
    """Open an account again; its owner signs in anew. Who was erased has no account any more."""
    check_not_erased(user)
    User.objects.filter(pk=user.pk).update(is_active=True)


def _taken(field: str) -> ValidationError:
    return ValidationError({field: ValidationError(EMAIL_TAKEN, code="unique")})
