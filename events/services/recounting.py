"""Derived numbers, built again from the rows they stand for."""

from django.db import transaction
from django.db.models import Count, F, Q

from events import caching
from events.models import Event, EventResource
from events.services import releases, seats


def miscounted_seats() -> list[tuple[Event, int]]:
    """Events whose counter differs from their confirmed participants, and how many those are.

    One statement sees one moment, so a change that is under way does not show up here.
    """
    confirmed = Count("participants", filter=Q(participants__status="confirmed"))
    wrong = Event.objects.annotate(confirmed=confirmed).exclude(seats_taken=F("confirmed"))
    return [(event, event.confirmed) for event in wrong.order_by("pk")]


@transaction.atomic
def recount_seats(event: Event) -> None:
    """Set the counter of an event to the number of its confirmed participants."""
    event = seats.lock(event)
    event.seats_taken = event.participants.confirmed().count()
    event.save(update_fields=["seats_taken"])
    transaction.on_commit(caching.seats_changed)


def miscounted_resources() -> list[tuple[EventResource, int]]:
    """Resources whose counter differs from the sum of their pledges, and that sum."""
    wrong = EventResource.objects.annotate(total=releases.total()).exclude(pledged=F("total"))
    return [(resource, resource.total) for resource in wrong.order_by("pk")]


@transaction.atomic
def recount_resource(resource: EventResource) -> None:
    """Set the counter of a resource to what is pledged."""
    seats.lock(resource.event)
    releases.recount([resource.pk])
