"""What events know about a person, for the copy of their data."""

from collections.abc import Iterator

from django.db.models.fields.files import FieldFile

from events.models import (
    CalendarFeed,
    Certificate,
    CheckInScan,
    CommentFlag,
    CoOrganizer,
    EventNotification,
    EventReport,
    ResourcePledge,
)
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
    exports.register("certificates", _certificates)
    exports.register("calendar_feed", _calendar_feed)
    exports.register("photo_objections", _photo_flags)
    exports.register("comment_flags", _comment_flags)
    exports.register("offered_rides", _rides)
    exports.register("submitted_reports", _reports)
    exports.register("event_series", _series)
    exports.register("digests", _digests)
    exports.register("events_told_of", _told)
    exports.register("check_in_scans", _scans)


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


def _certificates(user: User) -> Iterator[Row]:
    return columns(
        Certificate.objects.filter(participant__user=user),
        *("participant__event_id", "hours", "code", "issued_at"),
    )


def _calendar_feed(user: User) -> Iterator[Row]:
    """That there is one; its address lets in whoever has it."""
    return columns(CalendarFeed.objects.filter(user=user), "created_at")


def _photo_flags(user: User) -> Iterator[Row]:
    return columns(
        user.photo_flags.all(), "photo_id", "photo__event_id", "reason", "note", "created_at"
    )


def _comment_flags(user: User) -> Iterator[Row]:
    return columns(
        CommentFlag.objects.filter(user=user),
        *("comment_id", "comment__event_id", "reason", "created_at"),
    )


def _rides(user: User) -> Iterator[Row]:
    return columns(
        user.rides.all(), "event_id", "name", "description", "needed", "pledged", "created_at"
    )


def _reports(user: User) -> Iterator[Row]:
    return columns(
        EventReport.objects.filter(submitted_by=user),
        *("event_id", "event__title", "summary", "status", "return_reason", "submitted_at"),
    )


def _series(user: User) -> Iterator[Row]:
    return columns(
        user.event_series.all(),
        *("id", "category__slug", "rule", "plan", "first_day", "start_time", "created_at"),
    )


def _digests(user: User) -> Iterator[Row]:
    return columns(user.digests.all(), "week", "created_at", "sent_at", "skipped_at")


def _told(user: User) -> Iterator[Row]:
    return columns(user.told_events.all(), "event_id", "event__title", "digest__week")


def _scans(user: User) -> Iterator[Row]:
    return columns(
        CheckInScan.objects.filter(participant__user=user),
        *("participant__event_id", "direction", "scanned_at", "happened_at"),
    )
