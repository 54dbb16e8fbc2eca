"""What organizers set right about who came."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event, EventParticipant
from events.services import contributions, seats
from events.services.attendance import AlreadyCheckedIn, NotCheckedIn
from events.services.participation import EventClosed, NotJoined
from users import services as users
from users.models import Contribution

Status = EventParticipant.Status


class NotStarted(DomainError):
    code = "event_not_started"
    message = _("The event has not started yet.")


@transaction.atomic
def undo_check_in(event: Event, participant: EventParticipant, *, reason: str) -> EventParticipant:
    """Take a wrong scan back; hours that were counted are reversed in the ledger, not deleted.

    After the end of the event the person did not come.
    """
    event = seats.lock(event)
    participant = event.participants.get(pk=participant.pk)
    if participant.checked_in_at is None:
        raise NotCheckedIn
    for line in Contribution.objects.filter(source=participant.contribution_source):
        users.reverse_contribution(line, reason=reason)
    contributions.withdraw(event, participant, reason=reason)
    transaction.on_commit(caching.impact_changed)
    participant.checked_in_at = participant.checked_out_at = None
    participant.checked_in_by = participant.checked_out_by = None
    participant.visit += 1
    participant.save()
    participant.scans.update(happened_at=None)
    if event.status in (Event.Status.FINISHED, Event.Status.ARCHIVED):
        seats.vacate(event, participant, Status.NO_SHOW)
    return participant


@transaction.atomic
def mark_no_show(event: Event, participant: EventParticipant) -> EventParticipant:
    """Note that someone with a seat did not come; the seat is free for who is there."""
    event = seats.lock(event)
    participant = event.participants.get(pk=participant.pk)
    if participant.status == Status.NO_SHOW:
        return participant
    if event.status != Event.Status.PUBLISHED:
        raise EventClosed
    if not event.has_started:
        raise NotStarted
    if participant.status != Status.CONFIRMED:
        raise NotJoined
    if participant.checked_in_at:
        raise AlreadyCheckedIn(event, participant.checked_in_at)
    seats.vacate(event, participant, Status.NO_SHOW)
    return participant
