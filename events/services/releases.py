"""What is let go with a seat; whoever calls holds the lock of the event."""

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from events.models import (
    Event,
    EventNotification,
    EventParticipant,
    EventResource,
    ResourcePledge,
)
from events.services import notifications

Kind = EventNotification.Kind


def release(event: Event, participant: EventParticipant) -> None:
    """Take back what the participant pledged, and the ride that they offer."""
    for ride in event.resources.filter(offered_by=participant.user_id):
        discard(ride)
    pledged = list(participant.pledges.values_list("resource", flat=True))
    if pledged:
        participant.pledges.all().delete()
        recount(pledged)


def discard(resource: EventResource) -> None:
    """Delete what is not needed or offered any more, and tell who counted on it."""
    is_ride = resource.kind == EventResource.Kind.RIDE
    notifications.announce(
        Kind.RIDE_GONE if is_ride else Kind.NOT_NEEDED,
        EventParticipant.objects.filter(pledges__resource=resource),
        version=Value(str(resource.pk)),
        reason=resource.name,
    )
    resource.delete()


def recount(resources: Iterable[int]) -> None:
    """Set the counters to the sums of what is pledged."""
    EventResource.objects.filter(pk__in=resources).update(pledged=total())


def total() -> Coalesce:
    """How much of the resource of the outer query is pledged."""
    pledges = ResourcePledge.objects.filter(resource=OuterRef("pk")).order_by()
    summed = pledges.values("resource").annotate(total=Sum("quantity")).values("total")
    return Coalesce(Subquery(summed), 0)
