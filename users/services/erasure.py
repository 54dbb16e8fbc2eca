"""The end of a person's data: what they did stays and counts, who they were is gone."""

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import make_password
from django.contrib.contenttypes.models import ContentType
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from config.models import DeadLetter, IdempotentAnswer
from config.patience import MAX_ATTEMPTS, overdue
from users import emails, erasing, exports, mail_tokens, tasks
from users.mail_tokens import Purpose
from users.models import Erasure, LoginAttempt, User
from users.services.accounts import check_not_last_superuser
from users.services.passwords import confirm_password
from users.services.sessions import Device

# What every field of a person becomes that tells who they are; files are emptied besides.
ERASED: Final[dict[str, Any]] = {
    "last_name": "",
    "phone": "",
    "bio": "",
    "city": "",
    "latitude": None,
    "longitude": None,
    "travel_radius_km": 0,
    "birth_date": None,
    "is_public": False,
    "is_active": False,
    "is_staff": False,
    "is_superuser": False,
    "last_login": None,
    "registered_at": None,
    "email_confirmed_at": None,
    "pending_email": "",
    "password_mail_due_at": None,
    "password_rehashed_at": None,
    "refuses_photos": True,
    "in_leaderboard": False,
}
SWEEP_SIZE = 200


def erase_own_account(
    user: User, *, device: Device, current_password: str = "", token: str = ""
) -> None:
    """Erase who proves by the password, or by the link of a sign-in mail, that it is they.

    A link is used up only if the erasure is made.
    """
    if not token:
        confirm_password(user, current_password, device)
        return erase(user)
    with transaction.atomic():
        check_not_last_superuser(user)  # locks all superusers, hence before the person
        if mail_tokens.redeem(Purpose.SIGN_IN, token) != user:
            raise mail_tokens.refused()
        return erase(user)


@transaction.atomic
def erase(user: User, *, by: User | None = None, reason: str = "") -> None:
    """Make a person nobody, once: the account closes, the ledger and all totals stay equal.

    The lock of the person lets nobody join, organize or ask for a copy meanwhile; whoever
    waits for it finds the account closed.
    """
    check_not_last_superuser(user)
    user = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if Erasure.objects.filter(user=user).exists():
        return
    erasing.check(user)
    proof = Erasure(user=user, by=by, reason=reason, farewell_to=user.email)
    _forget(user, proof)
    proof.save()
    tasks.finish_erasure.delay_on_commit(proof.pk)
    tasks.send_farewell.delay_on_commit(proof.pk)


def _forget(user: User, proof: Erasure) -> None:
    erasing.forget(user)
    proof.files = _files_of(user)
    _forget_sign_ins(user)
    _forget_traces(user)
    _anonymise(user)


def _files_of(user: User) -> list[str]:
    """Files to delete, of rows that nobody changes from now on.

    A worker that makes a copy waits here at its end, finds the row gone and deletes its file.
    """
    copies = [export.file.name for export in user.data_exports.select_for_update()]
    own = [file.name for _name, file in exports.stored_files(user)]
    return [name for name in copies + own if name]


def _forget_sign_ins(user: User) -> None:
    user.token_families.all().delete()
    OutstandingToken.objects.filter(user=user).delete()
    addresses = [address for address in (user.email, user.pending_email) if address]
    LoginAttempt.objects.filter(account__in=addresses).delete()


def _forget_traces(user: User) -> None:
    """Delete or empty what else names the person, here and in the tables that all apps share."""
    user.data_exports.all().delete()
    user.notification_preferences.all().delete()
    user.groups.clear()
    user.user_permissions.clear()
    IdempotentAnswer.objects.filter(owner=f"user:{user.pk}").delete()
    DeadLetter.objects.filter(args__contains=[user.email]).delete()
    person = ContentType.objects.get_for_model(User)
    entries = LogEntry.objects.filter(content_type=person, object_id=str(user.pk))
    entries.update(object_repr=f"#{user.pk}", change_message="")


def _anonymise(user: User) -> None:
    fields = [field for field in User._meta.concrete_fields if isinstance(field, models.FileField)]
    with translation.override(settings.LANGUAGE_CODE):
        name = _("Erased account")
    User.objects.filter(pk=user.pk).update(
        **ERASED,
        **dict.fromkeys([field.name for field in fields], ""),
        email=f"erased-{user.pk}@erased.invalid",
        first_name=name,
        password=make_password(None),
    )


def finish_erasure(erasure_id: int) -> None:
    """Delete the files of an erased person; their names stay until all are gone."""
    erasure = Erasure.objects.filter(pk=erasure_id).first()
    if erasure is None:
        return
    for name in erasure.files:
        default_storage.delete(name)
    Erasure.objects.filter(pk=erasure_id).update(files=[])


def mail_farewell(erasure_id: int) -> None:
    """Tell the address that was erased, once, and forget it with that."""
    waiting = Erasure.objects.exclude(farewell_to="").filter(pk=erasure_id)
    if not waiting.filter(mail_attempts__lt=MAX_ATTEMPTS).update(
        mail_attempts=F("mail_attempts") + 1
    ):
        return
    with transaction.atomic():
        erasure = waiting.select_for_update(of=("self",)).select_related("user").first()
        if erasure:
            waiting.update(farewell_to="")
            emails.farewell(erasure.user.language, to=erasure.farewell_to)


def overdue_erasures() -> list[int]:
    """Erasures whose files were not deleted yet."""
    minute_ago = timezone.now() - timedelta(minutes=1)
    waiting = Erasure.objects.exclude(files=[]).filter(erased_at__lt=minute_ago)
    return list(waiting.order_by("erased_at").values_list("pk", flat=True)[:SWEEP_SIZE])


def overdue_farewells() -> list[int]:
    """Forget addresses that could not be told; return the others that wait for too long."""
    waiting = Erasure.objects.exclude(farewell_to="")
    waiting.filter(mail_attempts__gte=MAX_ATTEMPTS).update(farewell_to="")
    due = waiting.filter(overdue(attempts="mail_attempts", since="erased_at"))
    return list(due.order_by("erased_at").values_list("pk", flat=True)[:SWEEP_SIZE])
