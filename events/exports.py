"""What events know about a person, for the copy of their data."""

from collections.abc import Iterator

from django.db.models.fields.files import FieldFile

from events.models import CoOrganizer, EventNotification, ResourcePledge
from users import exports
from users.exports import Row, columns
from users.models import User


def register() -> None:
    exports.register("participations", _participations)
    exports.register("organized_events", _organized)
    exports.register("co_organized_events", _co_organized)
    exports.register("event_mails", _mails)
    exports.register("event_comments", _comments)
    exports.register("event_photos", _photos, _files_of_photos)
    exports.register("pledges", _pledges)
    exports.register("reported_contributions", _reported)
    exports.register("waivers", _waivers)


def _participations(user: User) -> Iterator[Row]:
    return columns(
        user.participations.with_hours(),
        *("event_id", "event__title", "event__city", "event__starts_at", "event__ends_at"),
        *("status", "joined_at", "checked_in_at", "checked_out_at", "hours"),
    )


def _organized(user: User) -> Iterator[Row]:
    return columns(
        user.organized_events.all(),
        *("id", "title", "description", "category__slug", "address", "city"),
        *("starts_at", "ends_at", "status", "cancel_reason", "created_at"),
    )


def _co_organized(user: User) -> Iterator[Row]:
    return columns(
        CoOrganizer.objects.filter(user=user), "event_id", "event__title", "event__starts_at"
    )


def _mails(user: User) -> Iterator[Row]:
    return columns(
        EventNotification.objects.filter(user=user),
        *("event_id", "event__title", "kind", "reason", "created_at", "sent_at", "skipped_at"),
    )


def _comments(user: User) -> Iterator[Row]:
    return columns(user.event_comments.all(), "event_id", "text", "created_at", "deleted_at")


def _photos(user: User) -> Iterator[Row]:
    return columns(user.event_photos.all(), "event_id", "stage", "caption", "status", "created_at")


def _files_of_photos(user: User) -> Iterator[tuple[str, FieldFile]]:
    for photo in user.event_photos.exclude(image="").order_by("pk").iterator():
        yield f"{photo.pk}.jpg", photo.image


def _pledges(user: User) -> Iterator[Row]:
    return columns(
        ResourcePledge.objects.filter(participant__user=user),
        *("participant__event_id", "resource__name", "quantity"),
    )


def _reported(user: User) -> Iterator[Row]:
    return columns(
        user.report_contributions.all(), "report__event_id", "kind", "amount", "status", "reason"
    )


def _waivers(user: User) -> Iterator[Row]:
    return columns(
        user.waiver_acceptances.all(),
        *("waiver__event_id", "waiver__version", "waiver__text", "accepted_at"),
    )
