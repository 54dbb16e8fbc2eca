"""Derived numbers, built again from the rows they stand for."""

from django.db import transaction
from django.db.models import Count, F, Q

from events import caching
from events.models import Event
from events.services import seats


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
