"""Who comes and goes."""

from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import CheckInScan, Event, EventNotification, EventParticipant
from events.services import hours, notifications, seats
from events.services.participation import EventClosed, NotJoined, check_age
from users import services as users
from users.models import User

Status = EventParticipant.Status
Direction = CheckInScan.Direction

OPENS_BEFORE = timedelta(hours=1)


class CheckInNotOpen(DomainError):
    code = "check_in_not_open"
    message = _("Check-in opens one hour before the start.")


class NotCheckedIn(DomainError):
    code = "not_checked_in"
    message = _("This person has not checked in.")


class _Already(DomainError):
    """Says since when."""

    def __init__(self, event: Event, moment: datetime) -> None:
        super().__init__()
        local = moment.astimezone(event.zone)
        self.message = self.message % {"moment": date_format(local, "SHORT_DATETIME_FORMAT")}


class AlreadyCheckedIn(_Already):
    code = "already_checked_in"
    message = _("Checked in already, on %(moment)s.")


class AlreadyCheckedOut(_Already):
    code = "already_checked_out"
    message = _("Checked out already, on %(moment)s.")


@transaction.atomic
def check_in(event: Event, user: User, *, by: User, nonce: str = "") -> EventParticipant:
    """Note that a person has come, as an organizer sees it.

    Who has no seat is a walk-up: takes a free one, also after sign-up has closed and
    beside another event, but never beyond the capacity. Who is noted after the end was
    there all the time, and is promised nothing any more.
    """
    event = seats.lock(event)
    participant = event.participants.filter(user=user).first()
    if participant and _was_answered(participant, nonce, Direction.IN):
        return participant
    participant = participant or EventParticipant(event=event, user=user)
    _check_may_come(event, participant)
    if participant.status != Status.CONFIRMED:
        check_age(event, user)
        seats.take(event, participant)
        if not event.is_over:
            this_one = event.participants.filter(pk=participant.pk)
            notifications.announce(EventNotification.Kind.JOINED, this_one)
    return _note_arrival(event, participant, by, nonce)


@transaction.atomic
def check_in_oneself(event: Event, user: User, *, nonce: str = "") -> EventParticipant:
    """Note that a person has come who read the code at the venue, until the event ends."""
    event = seats.lock(event)
    participant = event.participants.filter(user=user).first()
    if participant is None or participant.status == Status.LEFT:
        raise NotJoined
    if _was_answered(participant, nonce, Direction.IN):
        return participant
    if event.is_over:
        raise EventClosed
    _check_may_come(event, participant)
    if participant.status != Status.CONFIRMED:
        seats.take(event, participant)
    return _note_arrival(event, participant, user, nonce)


def _check_may_come(event: Event, participant: EventParticipant) -> None:
    check_takes_people_in(event)
    if participant.checked_in_at:
        raise AlreadyCheckedIn(event, participant.checked_in_at)


def check_takes_people_in(event: Event) -> None:
    """Refuse before check-in opens, and when the event is cancelled or in the archive."""
    if event.status not in (Event.Status.PUBLISHED, Event.Status.FINISHED):
        raise EventClosed
    if timezone.now() < event.starts_at - OPENS_BEFORE:
        raise CheckInNotOpen


def _note_arrival(
    event: Event, participant: EventParticipant, by: User, nonce: str
) -> EventParticipant:
    participant.checked_in_at = event.starts_at if event.is_over else timezone.now()
    participant.checked_in_by = by
    participant.save(update_fields=["checked_in_at", "checked_in_by"])
    _answer(participant, nonce, Direction.IN)
    if event.is_over:
        _note_departure(event, participant, by, event.ends_at)
    return participant


@transaction.atomic
def check_out(event: Event, user: User, *, by: User, nonce: str = "") -> EventParticipant:
    """Note that a person went, and write the hours into the ledger.

    Nobody gives themselves hours after the end: to stay longer takes an organizer's word.
    """
    event = seats.lock(event)
    participant = event.participants.filter(user=user).first()
    if participant is None:
        raise NotJoined
    if _was_answered(participant, nonce, Direction.OUT):
        return participant
    if participant.checked_out_at:
        raise AlreadyCheckedOut(event, participant.checked_out_at)
    if participant.checked_in_at is None:
        raise NotCheckedIn
    went_at = min(timezone.now(), event.ends_at) if by == user else timezone.now()
    _note_departure(event, participant, by, went_at)
    _answer(participant, nonce, Direction.OUT)
    return participant


def _note_departure(
    event: Event, participant: EventParticipant, by: User, went_at: datetime
) -> None:
    participant.checked_out_at = max(went_at, cast(datetime, participant.checked_in_at))
    participant.checked_out_by = by
    participant.save(update_fields=["checked_out_at", "checked_out_by"])
    users.record_contributions([hours.line(event, participant)])
    transaction.on_commit(caching.impact_changed)


def _was_answered(participant: EventParticipant, nonce: str, direction: str) -> bool:
    """Whether this very scan came before; its answer is the participant as they are now."""
    return bool(nonce) and participant.scans.filter(nonce=nonce, direction=direction).exists()


def _answer(participant: EventParticipant, nonce: str, direction: str) -> None:
    if nonce:
        participant.scans.create(nonce=nonce, direction=direction)
