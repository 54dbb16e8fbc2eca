"""Making, changing and throwing away events."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event, EventNotification
from events.services import notifications, seats
from events.transitions import StartsInPast
from users import services as users
from users.models import User

TIME_AND_PLACE = {
    "starts_at",
    "ends_at",
    "time_zone",
    "address",
    "city",
    "latitude",
    "longitude",
}
# By these, what was done at events that have begun is summed up.
SUMMED_BY = {"category", "city"}


class EventNotEditable(DomainError):
    code = "event_not_editable"
    message = _("Only a draft, or a published event that is not over, can be changed.")


class EventNotDeletable(DomainError):
    code = "event_not_deletable"
    message = _("Only a draft can be deleted. Cancel the event instead.")


class CapacityBelowConfirmed(DomainError):
    code = "capacity_below_confirmed"
    message = _("More people than this have a seat already.")

    def __init__(self) -> None:
        super().__init__(attr="capacity")


class PeopleHaveCome(DomainError):
    code = "people_have_come"
    message = _("People have checked in already, so the start stays as it is.")

    def __init__(self) -> None:
        super().__init__(attr="starts_at")


class EndsInPast(DomainError):
    code = "ends_in_past"
    message = _("The end must be in the future.")

    def __init__(self) -> None:
        super().__init__(attr="ends_at")


@transaction.atomic
def create(organizer: User, fields: dict[str, Any]) -> Event:
    """Make an event that is still to come, and the user its organizer.

    The lock of the person keeps it apart from the erasure of their data.
    """
    organizer = users.lock_account(organizer)
    columns, co_organizers = _parted(fields)
    event = Event(organizer=organizer, **columns)
    event.clean()
    if event.has_started:
        raise StartsInPast
    event.save()
    if co_organizers:
        event.co_organizers.set(co_organizers)
    transaction.on_commit(caching.events_changed)
    return event


@transaction.atomic
def edit(event: Event, changes: dict[str, Any]) -> Event:
    """Change a draft or a published event.

    More seats go to those who wait. A new time or place is told to everyone with a place,
    once, and may make them clash with other events: that is theirs to solve. From the first
    check-in on the start stays: a visit belongs to the hours in which it took place.
    """
    event = seats.lock(event)
    if event.status not in (Event.Status.DRAFT, Event.Status.PUBLISHED) or (
        event.status == Event.Status.PUBLISHED and event.is_over
    ):
        raise EventNotEditable
    columns, co_organizers = _parted(changes)
    if co_organizers is not None:
        event.co_organizers.set(co_organizers)
    changed = [name for name, value in columns.items() if getattr(event, name) != value]
    for name in changed:
        setattr(event, name, columns[name])
    _check_change(event, changed)
    _save_change(event, changed)
    if event.has_started and not SUMMED_BY.isdisjoint(changed):
        transaction.on_commit(caching.impact_changed)
    transaction.on_commit(caching.events_changed)
    return event


def _parted(fields: dict[str, Any]) -> tuple[dict[str, Any], list[User] | None]:
    columns = {name: value for name, value in fields.items() if name != "co_organizers"}
    return columns, fields.get("co_organizers")


def _check_change(event: Event, changed: list[str]) -> None:
    event.clean()
    if "starts_at" in changed:
        _check_start(event)
    if "ends_at" in changed and event.is_over:
        raise EndsInPast
    if event.capacity < event.seats_taken:
        raise CapacityBelowConfirmed


def _check_start(event: Event) -> None:
    if event.has_started:
        raise StartsInPast
    if event.participants.filter(checked_in_at__isnull=False).exists():
        raise PeopleHaveCome


def _save_change(event: Event, changed: list[str]) -> None:
    is_moved = event.status == Event.Status.PUBLISHED and not TIME_AND_PLACE.isdisjoint(changed)
    if is_moved:
        event.version += 1
    if changed:
        event.save(update_fields=[*changed, "version", "updated_at"])
    seats.promote(event)
    if is_moved:
        notifications.announce(
            EventNotification.Kind.CHANGED,
            event.participants.active(),
            version=notifications.EVENT_VERSION,
        )


@transaction.atomic
def delete(event: Event) -> None:
    """Throw a draft away; what people may have seen or joined is cancelled, never deleted."""
    event = seats.lock(event)
    if event.status != Event.Status.DRAFT or event.participants.exists():
        raise EventNotDeletable
    event.delete()
