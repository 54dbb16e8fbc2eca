"""The waiver of an event: who may change it, and that people accept what they take part under."""

from django.db import transaction
from django.db.models import Max, Value
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event, EventNotification, Waiver, WaiverAcceptance
from events.services import notifications, seats
from events.services.editing import EventNotEditable
from users.models import User


class WaiverRequired(DomainError):
    """Says which version counts, as it may have changed since it was read."""

    code = "waiver_required"
    message: str | Promise = _("Read the waiver of this event and accept its version %(version)s.")

    def __init__(self, version: int) -> None:
        super().__init__(attr="accepts_waiver")
        self.message = self.message % {"version": version}


@transaction.atomic
def set_waiver(event: Event, *, text: str, by: User) -> Waiver:
    """Give the event this waiver; who signed up under another one is asked, and keeps the seat."""
    event = _lock(event)
    current = _current(event)
    if current and current.text == text:
        return current
    last = event.waivers.aggregate(last=Max("version"))["last"] or 0
    waiver = event.waivers.create(version=last + 1, text=text, created_by=by)
    _put(event, waiver.version)
    if event.status == Event.Status.PUBLISHED:
        notifications.announce(
            EventNotification.Kind.WAIVER,
            event.participants.active(),
            version=Value(str(waiver.version)),
        )
    return waiver


@transaction.atomic
def remove_waiver(event: Event) -> None:
    """Ask nobody any more; what was accepted stays on record."""
    event = _lock(event)
    if event.waiver_version is not None:
        _put(event, None)


def _lock(event: Event) -> Event:
    event = seats.lock(event)
    is_open = event.status in (Event.Status.DRAFT, Event.Status.PUBLISHED) and not event.is_over
    if not is_open:
        raise EventNotEditable
    return event


def _current(event: Event) -> Waiver | None:
    if event.waiver_version is None:
        return None
    return event.waivers.get(version=event.waiver_version)


def _put(event: Event, version: int | None) -> None:
    event.waiver_version = version
    event.save(update_fields=["waiver_version", "updated_at"])
    transaction.on_commit(caching.events_changed)


def check_waiver(event: Event, user: User, accepted: int | None) -> None:
    """Refuse who accepted another version than the one that counts, or none; note who accepts.

    The caller holds the event's lock, so that the version stays the same until the commit.
    """
    waiver = _current(event)
    if waiver is None:
        return
    if accepted == waiver.version:
        acceptance = WaiverAcceptance(waiver=waiver, user=user)
        WaiverAcceptance.objects.bulk_create([acceptance], ignore_conflicts=True)
    elif accepted is not None or not waiver.acceptances.filter(user=user).exists():
        raise WaiverRequired(waiver.version)


def copy_waiver(event: Event, draft: Event) -> None:
    """Give a new event the waiver of its model, as its first version."""
    if waiver := _current(event):
        draft.waivers.create(version=1, text=waiver.text, created_by=waiver.created_by)
        draft.waiver_version = 1
        draft.save(update_fields=["waiver_version"])
