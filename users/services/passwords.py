"""Passwords: forgotten, or changed. A new one ends all sessions, which the database sees to."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config import limits
from config.patience import MAX_ATTEMPTS, overdue
from users import emails, mail_tokens, tasks
from users.mail_tokens import Purpose
from users.models import User
from users.services import lockout
from users.services.sessions import Device, begin_session
from users.services.signing_in import account_of, check_credentials
from users.tokens import Pair

SWEEP_SIZE = 200


def wrong_password() -> ValidationError:
    error = ValidationError(_("This is not your password."), code="wrong_password")
    return ValidationError({"current_password": error})


def request_reset(email: str) -> None:
    """Mail a link to choose a new password, if the address has an account; see sign-in links."""
    if limits.hit("mail", email) is None:
        tasks.send_password_reset.delay_on_commit(account_of(email))


@transaction.atomic
def reset_password(token: str, new_password: str, device: Device) -> None:
    """Give a new password to who got the mail, which also proves the address.

    A password that is refused leaves the link as it was.
    """
    user = mail_tokens.redeem(Purpose.RESET_PASSWORD, token)
    if user.email_confirmed_at is None:
        user.email_confirmed_at = timezone.now()
    _set(user, new_password)
    lockout.record_success(user.email, device.address)


def confirm_password(user: User, password: str, device: Device) -> User:
    """Make sure that the owner sits there, within the limits of guessing; give the fresh row."""
    owner = check_credentials(user.email, password, device)
    if owner is None:
        raise wrong_password()
    return owner


def change_password(
    user: User, *, current_password: str, new_password: str, device: Device
) -> Pair:
    """Replace the password and end all sessions but this device, which gets a new one."""
    owner = confirm_password(user, current_password, device)
    with transaction.atomic():
        # What was confirmed must still be so under the lock: of two changes, one is made.
        unchanged = User.objects.filter(pk=owner.pk, password=owner.password)
        locked = unchanged.select_for_update(no_key=True).first()
        if locked is None:
            raise wrong_password()
        _set(locked, new_password)
        return begin_session(locked, device)


def _set(user: User, new_password: str) -> None:
    try:
        validate_password(new_password, user)
    except ValidationError as error:
        raise ValidationError({"new_password": error}) from error
    user.set_password(new_password)
    user.password_mail_due_at, user.password_mail_attempts = timezone.now(), 0
    user.save(
        update_fields=[
            "password",
            "email_confirmed_at",
            "password_mail_due_at",
            "password_mail_attempts",
        ]
    )
    tasks.send_password_changed.delay_on_commit(user.pk)


def mail_password_reset(user_id: int) -> None:
    if user := User.objects.filter(pk=user_id, is_active=True).first():
        emails.password_reset(user)


def mail_password_changed(user_id: int) -> None:
    """Tell of a new password once, counted and claimed as a welcome is."""
    waiting = User.objects.waiting_for_password_mail().filter(pk=user_id)
    untired = waiting.filter(password_mail_attempts__lt=MAX_ATTEMPTS)
    if not untired.update(password_mail_attempts=F("password_mail_attempts") + 1):
        return
    with transaction.atomic():
        if waiting.update(password_mail_due_at=None):
            emails.password_changed(User.objects.get(pk=user_id))


def overdue_password_mails() -> list[int]:
    """The oldest of the accounts whose mail about a new password waits for too long."""
    waiting = User.objects.waiting_for_password_mail()
    due = waiting.filter(overdue(attempts="password_mail_attempts", since="password_mail_due_at"))
    return list(due.order_by("password_mail_due_at").values_list("pk", flat=True)[:SWEEP_SIZE])
