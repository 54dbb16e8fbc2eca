"""Photos of events: how they come and go."""

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config import files
from config.errors import DomainError
from config.images import Picture
from events.models import Event, EventPhoto
from events.services import monthly, seats
from events.services.photo_moderation import lock_photo
from users.models import User

Stage = EventPhoto.Stage
Status = EventPhoto.Status


class NoPhotosYet(DomainError):
    code = "no_photos_yet"
    message = _("There are no photos of drafts and of cancelled events.")


class TooManyPhotos(DomainError):
    code = "too_many_photos"
    message = _("This event has as many photos as it can take.")


class UnknownBefore(DomainError):
    code = "unknown_before"
    message = _("A photo from afterwards may be paired with one of the same event from before.")

    def __init__(self) -> None:
        super().__init__(attr="pair_with")


def add_photo(
    event: Event,
    user: User,
    *,
    picture: Picture,
    stage: str,
    caption: str = "",
    pair_with: int | None = None,
) -> EventPhoto:
    """Store the files, then the row that names them.

    Nobody waits for the storage, and killed in between, files stay that no row names,
    which `config.files.delete_orphans` finds.
    """
    photo = EventPhoto(
        event=event, uploader=user, stage=stage, caption=caption, pair_with_id=pair_with
    )
    photo.image.save("full.jpg", picture.full(), save=False)
    photo.thumbnail.save("small.jpg", picture.thumbnail(), save=False)
    try:
        _insert(photo)
    except DomainError:
        for name in photo.files:
            default_storage.delete(name)
        raise
    return photo


@transaction.atomic
def _insert(photo: EventPhoto) -> None:
    """Check under the event's lock, so that many uploads at once keep to the limits as well."""
    event = seats.lock(photo.event)
    if event.status in (Event.Status.DRAFT, Event.Status.CANCELLED):
        raise NoPhotosYet
    own = event.photos.filter(uploader=photo.uploader_id)
    if (
        own.count() >= settings.EVENT_PHOTOS_OF_PERSON
        or event.photos.count() >= settings.EVENT_PHOTOS_OF_ALL
    ):
        raise TooManyPhotos
    if photo.pair_with_id:
        _check_pair(event, photo, photo.pair_with_id)
    photo.status = Status.WAITING if event.photos_need_approval else Status.SHOWN
    photo.save()


def _check_pair(event: Event, photo: EventPhoto, before: int) -> None:
    befores = event.photos.visible_to(photo.uploader).filter(stage=Stage.BEFORE)
    if photo.stage != Stage.AFTER or not befores.filter(pk=before).exists():
        raise UnknownBefore


@transaction.atomic
def delete_photo(photo: EventPhoto) -> None:
    """Take a photo back for good, with its files and what was said against it.

    The event's lock keeps new pairs away, that of the photo new objections.
    """
    seats.lock(photo.event)
    photo = lock_photo(photo)
    if photo.status == Status.SHOWN:
        monthly.withdraw_pictures(photo.event)
    names = photo.files
    photo.delete()
    files.delete_on_commit(names)
