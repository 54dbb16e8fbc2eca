"""What an event needs, and rides to it."""

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.models import Event, EventParticipant, EventResource
from events.services import releases, seats
from events.services.editing import EventNotEditable
from events.services.participation import EventClosed
from users.models import User


class ResourceGone(DomainError, EventResource.DoesNotExist):
    """Taken off between the look-up and the lock: 404, like any other."""

    code = "not_found"
    message = _("This is not needed or offered any more.")


class NeededBelowPledged(DomainError):
    code = "needed_below_pledged"
    message = _("More than this is pledged already.")

    def __init__(self) -> None:
        super().__init__(attr="needed")


class SeatRequired(DomainError):
    code = "seat_required"
    message = _("This takes a seat at the event.")


class RideExists(DomainError):
    code = "ride_exists"
    message = _("You offer a ride to this event already.")


class PledgingClosed(EventClosed):
    """Of the same code, as it has the same cause."""

    message = _("This event takes no pledges.")


@transaction.atomic
def add_resource(event: Event, fields: dict[str, Any]) -> EventResource:
    """Say what a draft, or an event that is not over, needs."""
    event = _lock_editable(event)
    return event.resources.create(**fields)


@transaction.atomic
def offer_ride(event: Event, driver: User, fields: dict[str, Any]) -> EventResource:
    """Offer seats in the one car of somebody who goes there."""
    event = seats.lock(event)
    check_takes_pledges(event)
    seat_of(event, driver)
    if event.resources.filter(offered_by=driver).exists():
        raise RideExists
    return event.resources.create(kind=EventResource.Kind.RIDE, offered_by=driver, **fields)


@transaction.atomic
def edit_resource(resource: EventResource, changes: dict[str, Any]) -> EventResource:
    """Change it, but never below what people count on."""
    event = _lock_editable(resource.event)
    resource = current(event, resource)
    for name, value in changes.items():
        setattr(resource, name, value)
    if resource.needed < resource.pledged:
        raise NeededBelowPledged
    if changes:
        resource.save(update_fields=[*changes])
    return resource


@transaction.atomic
def delete_resource(resource: EventResource) -> None:
    """Take it off the list, and tell who pledged it."""
    event = _lock_editable(resource.event)
    releases.discard(current(event, resource))


def current(event: Event, resource: EventResource) -> EventResource:
    """The resource as it is now that its event is locked."""
    try:
        return event.resources.get(pk=resource.pk)
    except EventResource.DoesNotExist:
        raise ResourceGone from None


def seat_of(event: Event, user: User) -> EventParticipant:
    """The participant who has a seat; a place on the waiting list is none."""
    participant = event.participants.confirmed().filter(user=user).first()
    if participant is None:
        raise SeatRequired
    return participant


def check_takes_pledges(event: Event) -> None:
    """Refuse what is cancelled, over or not published."""
    if event.status != Event.Status.PUBLISHED or event.is_over:
        raise PledgingClosed


def _lock_editable(event: Event) -> Event:
    event = seats.lock(event)
    is_open = event.status == Event.Status.PUBLISHED and not event.is_over
    if event.status != Event.Status.DRAFT and not is_open:
        raise EventNotEditable
    return event
