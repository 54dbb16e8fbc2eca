"""Who brings how many, and who rides with whom."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.models import Event, EventNotification, EventResource, ResourcePledge
from events.services import notifications, releases, seats
from events.services.resources import check_takes_pledges, current, seat_of
from users.models import User

# So long before the start, organizers can still find what is missing.
WARNED_BEFORE = timedelta(hours=48)


class MoreThanNeeded(DomainError):
    code = "more_than_needed"
    message = _("No more than %(left)d can be pledged.")

    def __init__(self, left: int) -> None:
        super().__init__(attr="quantity")
        self.left = left

    def __str__(self) -> str:
        return str(self.message) % {"left": self.left}


class OneSeatEach(DomainError):
    code = "one_seat_each"
    message = _("In a ride, each takes one seat.")

    def __init__(self) -> None:
        super().__init__(attr="quantity")


class OwnRide(DomainError):
    code = "own_ride"
    message = _("Who drives needs no seat in the own car.")


class RidesAlready(DomainError):
    code = "rides_already"
    message = _("You have a seat in another car to this event.")


@transaction.atomic
def pledge(resource: EventResource, user: User, quantity: int) -> tuple[EventResource, bool]:
    """Note that the user brings so many, instead of what they said before; say whether it is new.

    The lock of the event lets nobody pledge what somebody else does at the same moment,
    and nobody who is just leaving.
    """
    event = seats.lock(resource.event)
    check_takes_pledges(event)
    participant = seat_of(event, user)
    resource = current(event, resource)
    _check_ride(resource, user, quantity)
    mine = resource.pledges.filter(participant=participant).first()
    others = resource.pledged - (mine.quantity if mine else 0)
    if others + quantity > resource.needed:
        raise MoreThanNeeded(resource.needed - others)
    resource.pledges.update_or_create(participant=participant, defaults={"quantity": quantity})
    resource.pledged = others + quantity
    resource.save(update_fields=["pledged"])
    return resource, mine is None


def _check_ride(resource: EventResource, user: User, quantity: int) -> None:
    if resource.kind != EventResource.Kind.RIDE:
        return
    if resource.offered_by_id == user.pk:
        raise OwnRide
    if quantity != 1:
        raise OneSeatEach
    rides = ResourcePledge.objects.of(user, resource.event).filter(resource__kind=resource.kind)
    if rides.exclude(resource=resource).exists():
        raise RidesAlready


@transaction.atomic
def take_back(resource: EventResource, user: User) -> None:
    """Forget what the user pledged, if anything."""
    event = seats.lock(resource.event)
    check_takes_pledges(event)
    resource = current(event, resource)
    if resource.pledges.filter(participant__user=user).delete()[0]:
        releases.recount([resource.pk])


@transaction.atomic
def warn_of_shortfalls() -> None:
    """Tell who runs an event, two days before its start, that something is missing.

    Once for each day that it is put on. What is planned later than that has had no time yet;
    what gets missing later is told as well.
    """
    now = timezone.now()
    short = EventResource.objects.missing().order_by().values("event")
    events = Event.objects.published().filter(
        pk__in=short,
        starts_at__gt=now,
        starts_at__lte=now + WARNED_BEFORE,
        created_at__lt=F("starts_at") - WARNED_BEFORE,
    )
    notifications.tell_organizers(EventNotification.Kind.SHORTFALL, events)
