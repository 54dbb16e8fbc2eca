"""Objections to photos, what staff decide, and the mail that tells of it."""

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config import files
from config.errors import DomainError
from config.patience import MAX_ATTEMPTS, overdue
from events import emails, tasks
from events.models import EventNotification, EventPhoto, PhotoFlag
from events.services import monthly, notifications
from users import services as users
from users.models import User

Status = EventPhoto.Status
SWEEP_SIZE = 200
# Whatever staff thought of it before: these are about persons.
GRAVE = (PhotoFlag.Reason.SHOWS_ME, PhotoFlag.Reason.SHOWS_CHILD)
# What a decision writes: a caption that changes at the same moment stays.
DECISION = [
    "image",
    "thumbnail",
    "status",
    "reason",
    "decided_by",
    "decided_at",
    "mail_due_at",
    "mail_attempts",
]


class PhotoGone(DomainError, EventPhoto.DoesNotExist):
    """Deleted or removed between the look-up and the lock: 404, like any other."""

    code = "not_found"
    message = _("This photo does not exist any more.")


class PhotoDecided(DomainError):
    code = "photo_decided"
    message = _("There is nothing to decide about this photo.")


def lock_photo(photo: EventPhoto) -> EventPhoto:
    """Give the photo as it is now; who also locks its event does that before."""
    found = EventPhoto.objects.select_for_update(no_key=True).exclude(status=Status.REMOVED)
    try:
        return found.get(pk=photo.pk)
    except EventPhoto.DoesNotExist:
        raise PhotoGone from None


@transaction.atomic
def flag_photo(photo: EventPhoto, user: User, *, reason: str, note: str = "") -> EventPhoto:
    """Note an objection, one of each person, and hide the photo until staff decide.

    Once staff let an objection pass, only who is shown, or tells of a child, hides it again:
    also who objected before.
    """
    photo = lock_photo(photo)
    is_cleared = photo.flags.filter(created_at__lt=photo.decided_at or photo.created_at).exists()
    is_grave = reason in GRAVE
    if not is_grave and photo.flags.filter(user=user).exists():
        return photo
    said = {"reason": reason, "note": note, "created_at": timezone.now()}
    photo.flags.update_or_create(user=user, defaults=said)
    if photo.status == Status.SHOWN and (is_grave or not is_cleared):
        photo.status = Status.HIDDEN
        photo.save(update_fields=["status"])
        monthly.withdraw_pictures(photo.event)
    return photo


@transaction.atomic
def approve_photo(photo: EventPhoto, *, by: User) -> None:
    """Show it to everyone; the uploader is told, and who objected."""
    waiting = EventPhoto.objects.waiting_for_decision().filter(pk=photo.pk)
    found = waiting.select_for_update(no_key=True).first()
    if found is None:
        raise PhotoDecided
    found.status, found.reason = Status.SHOWN, ""
    _decide(found, by)


@transaction.atomic
def remove_photo(photo: EventPhoto, *, by: User, reason: str) -> None:
    """Delete the files of a photo and keep its row as proof.

    The uploader is told why, and who objected that it is gone.
    """
    photo = lock_photo(photo)
    if photo.status == Status.SHOWN:
        monthly.withdraw_pictures(photo.event)
    names = photo.files
    photo.image, photo.thumbnail = "", ""
    photo.status, photo.reason = Status.REMOVED, reason
    _decide(photo, by)
    files.delete_on_commit(names)


def _decide(photo: EventPhoto, by: User) -> None:
    """Store a decision with the mails that it owes; the caller has locked the photo."""
    before = photo.decided_at
    photo.decided_by = by
    photo.decided_at = photo.mail_due_at = timezone.now()
    photo.mail_attempts = 0
    photo.save(update_fields=DECISION)
    tasks.send_photo_decision.delay_on_commit(photo.pk)
    kind = EventNotification.Kind.PHOTO_DECIDED
    notifications.tell_who_objected(kind, photo, since=before)


def mail_photo_decision(photo_id: int) -> None:
    """Tell of the last decision once, counted and claimed as a notification is."""
    waiting = EventPhoto.objects.waiting_for_mail().filter(pk=photo_id)
    if not waiting.filter(mail_attempts__lt=MAX_ATTEMPTS).update(
        mail_attempts=F("mail_attempts") + 1
    ):
        return
    with transaction.atomic():
        if waiting.update(mail_due_at=None):
            photo = EventPhoto.objects.select_related("event", "uploader").get(pk=photo_id)
            is_decided = photo.status in (Status.SHOWN, Status.REMOVED)
            reader = photo.uploader
            if is_decided and reader.is_active and users.wants(reader, emails.PHOTO_DECISIONS):
                emails.photo_decision(photo)


def overdue_photo_mails() -> list[int]:
    """The oldest of the photos whose mail waits for too long, and was not given up."""
    waiting = EventPhoto.objects.waiting_for_mail()
    due = waiting.filter(overdue(attempts="mail_attempts", since="mail_due_at"))
    return list(due.order_by("mail_due_at").values_list("pk", flat=True)[:SWEEP_SIZE])
