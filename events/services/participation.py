"""Joining and leaving."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.models import Event, EventNotification, EventParticipant
from events.services import notifications, seats, waivers
from users import services as users
from users.models import User

Status = EventParticipant.Status
Kind = EventNotification.Kind


class EventClosed(DomainError):
    code = "event_closed"
    message = _("This event does not take participants.")


class SignupClosed(DomainError):
    code = "signup_closed"
    message = _("Sign-up for this event is closed.")


class TimeClash(DomainError):
    code = "time_clash"
    message = _("You take part in another event at this time.")


class TooYoung(DomainError):
    code = "too_young"
    message = _("This event has a minimum age.")


class BirthDateRequired(DomainError):
    code = "birth_date_required"
    message = _("This event has a minimum age: add the birth date to the profile first.")

    def __init__(self) -> None:
        super().__init__(attr="birth_date")


class NotJoined(DomainError):
    code = "not_joined"
    message = _("This person is not signed up for the event.")


class LeavingClosed(DomainError):
    code = "leaving_closed"
    message = _("It is too late to leave this event.")


class HasCome(DomainError):
    code = "has_come"
    message = _("Who has checked in cannot leave or be removed.")


@transaction.atomic
def join(
    event: Event, user: User, *, accepts_waiver: int | None = None
) -> tuple[EventParticipant, bool]:
    """Give the user a seat, or a place on the waiting list; say whether it is new.

    The lock of the person keeps two clashing events apart, that of the event lets
    nobody take the same seat. Who left comes back on the same row, at the end. Who has a
    place accepts a new waiver by joining again.
    """
    user = users.lock_account(user)
    event = seats.lock(event)
    participant = event.participants.filter(user=user).first()
    if participant and participant.is_active:
        if accepts_waiver is not None:
            waivers.check_waiver(event, user, accepts_waiver)
        return participant, False
    _check_is_open(event)
    check_age(event, user)
    _check_has_time(event, user)
    waivers.check_waiver(event, user, accepts_waiver)
    participant = participant or EventParticipant(event=event, user=user)
    _give_place(event, participant)
    return participant, True


def _check_is_open(event: Event) -> None:
    if event.status != Event.Status.PUBLISHED or event.is_over:
        raise EventClosed
    if event.is_signup_closed:
        raise SignupClosed


def check_age(event: Event, user: User) -> None:
    """Refuse who is younger than the event allows, on the day that it starts."""
    if not event.min_age:
        return
    age = user.age_on(event.starts_on)
    if age is None:
        raise BirthDateRequired
    if age < event.min_age:
        raise TooYoung


def _check_has_time(event: Event, user: User) -> None:
    """Refuse an event that overlaps with another one of theirs, or that they still wait for."""
    if user.participations.active().during(event).exists():
        raise TimeClash


def _give_place(event: Event, participant: EventParticipant) -> None:
    """Give a seat if one is free and nobody waits for it, else the end of the waiting list.

    After the start nobody is promoted any more, so there is nothing to wait for.
    """
    last_in_line = seats.last_in_line(event)
    if event.seats_left > 0 and last_in_line is None:
        seats.take(event, participant)
        kind = Kind.JOINED
    elif event.waitlist_enabled and not event.has_started:
        seats.queue_up(event, participant, after=last_in_line)
        kind = Kind.WAITLISTED
    else:
        raise seats.EventFull
    notifications.announce(kind, event.participants.filter(pk=participant.pk))


@transaction.atomic
def leave(event: Event, user: User) -> EventParticipant:
    """Give the user's place back, and its seat to the next in line.

    A waiting place may be given back until the event ends, a seat until leaving closes.
    """
    event = seats.lock(event)
    participant = event.participants.filter(user=user).first()
    if participant is None:
        raise NotJoined
    if participant.status == Status.LEFT:
        return participant
    _check_may_go(event, participant)
    if participant.status == Status.CONFIRMED and event.is_leaving_closed:
        raise LeavingClosed
    seats.vacate(event, participant, Status.LEFT)
    return participant


@transaction.atomic
def remove(event: Event, participant: EventParticipant, *, reason: str = "") -> EventParticipant:
    """Take a participant off the list, at any time before they come, and tell them why."""
    event = seats.lock(event)
    participant = event.participants.get(pk=participant.pk)
    if participant.status == Status.LEFT:
        return participant
    _check_may_go(event, participant)
    seats.vacate(event, participant, Status.LEFT)
    this_one = event.participants.filter(pk=participant.pk)
    notifications.announce(Kind.REMOVED, this_one, reason=reason)
    return participant


def _check_may_go(event: Event, participant: EventParticipant) -> None:
    if event.status != Event.Status.PUBLISHED or event.is_over:
        raise EventClosed
    if participant.status == Status.NO_SHOW:
        raise NotJoined
    if participant.checked_in_at:
        raise HasCome
