"""The life of an event: published, cancelled or finished, archived."""

from django.db import transaction
from django.utils import timezone

from events import caching, transitions
from events.models import Event, EventNotification, EventParticipant
from events.services import hours, notifications, seats

ARCHIVE_BATCH = 500


@transaction.atomic
def publish(event: Event) -> Event:
    """Show a draft to everyone and take participants, as long as its start is to come."""
    event = seats.lock(event)
    if transitions.PUBLISH.apply(event):
        transaction.on_commit(caching.events_changed)
    return event


@transaction.atomic
def cancel(event: Event, *, reason: str) -> Event:
    """Call an event off and tell everyone with a place why; who is there is checked out."""
    event = seats.lock(event)
    if transitions.CANCEL.apply(event, cancel_reason=reason):
        hours.close_visits(event, timezone.now())
        notifications.announce(
            EventNotification.Kind.CANCELLED,
            event.participants.active(),
            version=notifications.EVENT_VERSION,
        )
        transaction.on_commit(caching.events_changed)
    return event


def ended_events() -> list[int]:
    """Ids of published events whose time is over, the oldest first."""
    ended = Event.objects.published().filter(ends_at__lte=timezone.now())
    return list(ended.order_by("ends_at").values_list("pk", flat=True))


@transaction.atomic
def finish(event_id: int) -> None:
    """Close an event that is over: count the hours of who came, note who did not.

    Does nothing if meanwhile it was finished, cancelled or put off, or is gone.
    """
    try:
        event = seats.lock(Event(pk=event_id))
    except seats.EventGone:
        return
    if event.status != Event.Status.PUBLISHED or not event.is_over:
        return
    hours.close_visits(event, event.ends_at)
    absent = event.participants.confirmed().filter(checked_in_at=None)
    event.seats_taken -= absent.update(status=EventParticipant.Status.NO_SHOW)
    transitions.FINISH.apply(event, seats_taken=event.seats_taken)
    transaction.on_commit(caching.events_changed)


def archive_old_events() -> None:
    """Move finished events to the archive when they are long over; nothing is ever deleted.

    Each statement is short and final, so this may be killed or run twice at any point.
    """
    source, target = transitions.ARCHIVE.source, transitions.ARCHIVE.target
    old = Event.objects.filter(status=source, ends_at__lte=transitions.archived_until())
    while ids := list(old.values_list("pk", flat=True)[:ARCHIVE_BATCH]):
        batch = Event.objects.filter(pk__in=ids, status=source)
        batch.update(status=target, updated_at=timezone.now())
    transaction.on_commit(caching.events_changed)
