"""Copies of all that is held about a person: asked for, made by a worker, fetched for a day."""

import logging
from datetime import datetime, timedelta
from tempfile import TemporaryFile

from django.core import signing
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from rest_framework.exceptions import Throttled

from config import limits
from config.patience import MAX_ATTEMPTS, overdue
from users import emails, exports, mail_tokens, tasks
from users.models import DataExport, User
from users.models.privacy import LIFETIME
from users.services.accounts import lock_account

logger = logging.getLogger(__name__)
Status = DataExport.Status

FOLDER = "exports"
# Whoever works on it for longer was killed; longer than the task's time limit.
LEASE = timedelta(minutes=10)
# A message that did not come by then was lost.
PATIENCE = timedelta(minutes=1)
MAX_TRIES = 3


@transaction.atomic
def request_export(user: User) -> DataExport:
    """Have a copy made; while one is under way, give that one.

    The person's lock keeps simultaneous requests apart, and apart from an erasure.
    """
    user = lock_account(user)
    if under_way := user.data_exports.under_way().first():
        return under_way
    if wait := limits.hit("export", str(user.pk)):
        raise Throttled(wait)
    export = user.data_exports.create()
    tasks.make_data_export.delay_on_commit(export.pk)
    return export


def make_export(export_id: int) -> None:
    """Write the copy and store it, unless another worker is at it.

    No transaction stays open meanwhile. Whoever finds at the end that the row is gone, since the
    person was erased, or is another worker's, deletes what it stored.
    """
    now = timezone.now()
    if not _claim(export_id, now):
        return
    mine = DataExport.objects.filter(pk=export_id, status=Status.RUNNING, claimed_at=now)
    user = User.objects.filter(data_exports=export_id).first()
    if user is None:
        return
    name = _store(user)
    if mine.update(status=Status.READY, file=name, ready_at=timezone.now()):
        tasks.send_data_export.delay_on_commit(export_id)
    else:
        default_storage.delete(name)


def _claim(export_id: int, now: datetime) -> bool:
    free = Q(status=Status.WAITING) | Q(status=Status.RUNNING, claimed_at__lt=now - LEASE)
    claimed = DataExport.objects.filter(free, pk=export_id, attempts__lt=MAX_TRIES).update(
        status=Status.RUNNING, claimed_at=now, attempts=F("attempts") + 1
    )
    return bool(claimed)


def _store(user: User) -> str:
    with TemporaryFile() as scratch:
        exports.write(user, scratch)
        scratch.seek(0)
        return default_storage.save(f"{FOLDER}/export.zip", File(scratch))


def mail_export(export_id: int) -> None:
    """Tell that the copy is there, or will not be; counted and claimed as a welcome is."""
    done = DataExport.objects.done().filter(pk=export_id, mailed_at=None)
    untired = done.filter(mail_attempts__lt=MAX_ATTEMPTS)
    if not untired.update(mail_attempts=F("mail_attempts") + 1):
        return
    with transaction.atomic():
        if done.update(mailed_at=timezone.now()):
            _tell(DataExport.objects.select_related("user").get(pk=export_id))


def _tell(export: DataExport) -> None:
    if not export.user.is_active:
        return
    if export.status == Status.READY:
        emails.export_ready(export.user, link_token(export))
    else:
        emails.export_failed(export.user)


def overdue_exports() -> list[int]:
    """Give up on what was begun too often; return what else waits, or was left by its worker."""
    now = timezone.now()
    left = DataExport.objects.filter(status=Status.RUNNING, claimed_at__lt=now - LEASE)
    if given_up := left.filter(attempts__gte=MAX_TRIES).update(status=Status.FAILED):
        logger.error("Copies of people's data were given up: %d.", given_up)
    forgotten = DataExport.objects.filter(status=Status.WAITING, requested_at__lt=now - PATIENCE)
    return list((left | forgotten).order_by("requested_at").values_list("pk", flat=True))


def overdue_export_mails() -> list[int]:
    """Copies, made or given up, whose mail waits for too long."""
    waiting = DataExport.objects.current().done().filter(mailed_at=None)
    since = waiting.annotate(since=Coalesce("ready_at", "requested_at"))
    due = since.filter(overdue(attempts="mail_attempts", since="since"))
    return list(due.order_by("since").values_list("pk", flat=True))


def link_token(export: DataExport) -> str:
    """What opens the copy from a mail; only as long as the copy is there."""
    return _signer().sign_object(export.pk)


def address_of(token: str) -> str:
    """A fresh address of the file, for who has the token of the mail."""
    try:
        pk = _signer().unsign_object(token, max_age=LIFETIME)
    except signing.BadSignature as error:
        raise mail_tokens.refused() from error
    ready = DataExport.objects.current().filter(status=Status.READY, user__is_active=True)
    if not (export := ready.filter(pk=pk).first()):
        raise mail_tokens.refused()
    return export.file.url


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(sep=".", salt="users.exports")


def delete_old_exports() -> None:
    """Delete copies after a day: the file first, so that a row is left to try again by.

    Files that no row knows, of workers that were killed before they noted it, are orphans as any.
    """
    for export in DataExport.objects.outdated():
        if export.file:
            export.file.delete(save=False)
        export.delete()
