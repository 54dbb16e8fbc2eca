"""The seats of an event: all that moves their counter, under the lock of the event."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event, EventNotification, EventParticipant
from events.services import notifications, releases

Status = EventParticipant.Status


class EventGone(DomainError, Event.DoesNotExist):
    """A draft that was thrown away between the look-up and the lock: 404, like any other."""

    code = "not_found"
    message = _("This event does not exist any more.")


class EventFull(DomainError):
    code = "event_full"
    message = _("No seats are left.")


def lock(event: Event) -> Event:
    """Give the event as it is now, and let its other changes wait for the end of this one.

    Every change to an event or its participants starts here. Who also locks a person
    does that before: a person after an event would deadlock.
    """
    try:
        return Event.objects.select_for_update(no_key=True).get(pk=event.pk)
    except Event.DoesNotExist:
        raise EventGone from None


def take(event: Event, participant: EventParticipant) -> None:
    """Give the participant one of the free seats, without regard to who waits."""
    if event.seats_left < 1:
        raise EventFull
    participant.status = Status.CONFIRMED
    participant.joined_at = timezone.now()
    participant.save()
    event.seats_taken += 1
    _save(event)


def give_back(event: Event, participants: list[EventParticipant]) -> None:
    """Give those who were taken for absent their seats back; the caller saves their rows."""
    if event.seats_left < len(participants):
        raise EventFull
    for participant in participants:
        participant.status = Status.CONFIRMED
    if participants:
        event.seats_taken += len(participants)
        _save(event)


def queue_up(event: Event, participant: EventParticipant, *, after: datetime | None) -> None:
    """Put the participant at the end of the waiting list, even if two clocks disagree."""
    participant.status = Status.WAITLISTED
    participant.joined_at = timezone.now()
    if after:
        participant.joined_at = max(participant.joined_at, after + timedelta(microseconds=1))
    participant.save()


def last_in_line(event: Event) -> datetime | None:
    """Since when the last one waits, as long as order counts: until the start."""
    if event.has_started:
        return None
    return event.participants.waitlisted().values_list("joined_at", flat=True).last()


def vacate(event: Event, participant: EventParticipant, status: Event.Status | str) -> None:
    """Take the place back with what hangs on it, and give a seat to the next in line.

    Who was missed at what is over keeps what they pledged: nobody needs to hear of it now.
    """
    had_seat = participant.status == Status.CONFIRMED
    participant.status = status
    participant.save(update_fields=["status"])
    if had_seat:
        if not event.is_over:
            releases.release(event, participant)
        event.seats_taken -= 1
        _save(event)
        promote(event)


def promote(event: Event) -> None:
    """Give the free seats to those who wait, in their order; from the start on to nobody.

    Locks no person: a waiting place counts as taken time already, so nothing can clash.
    """
    if event.status != Event.Status.PUBLISHED or event.has_started or event.seats_left < 1:
        return
    line = event.participants.waitlisted().values_list("pk", flat=True)
    promoted = event.participants.filter(pk__in=list(line[: event.seats_left]))
    if number := promoted.update(status=Status.CONFIRMED):
        event.seats_taken += number
        _save(event)
        notifications.announce(EventNotification.Kind.PROMOTED, promoted)


def _save(event: Event) -> None:
    event.save(update_fields=["seats_taken"])
    transaction.on_commit(caching.seats_changed)
