"""What events know about a person, for the copy of their data."""

from collections.abc import Iterator

from events.models import CoOrganizer, EventNotification
from users import exports
from users.exports import Row, columns
from users.models import User


def register() -> None:
    exports.register("participations", _participations)
    exports.register("organized_events", _organized)
    exports.register("co_organized_events", _co_organized)
    exports.register("event_mails", _mails)


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
