"""The event to which a lead is invited: the nearest that they neither heard of nor take part in."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from django.conf import settings
from django.db.models import Avg, IntegerField, Q, TextField, Value
from django.utils import timezone

from events.models import Event
from events.querysets import EventQuerySet
from leads.models import FollowUp, Lead

# So long before it begins one can still get ready, and so long before one may plan.
SOONEST, LATEST = timedelta(hours=12), timedelta(days=30)
Point = tuple[float, float]


class _Wish(NamedTuple):
    """By what an event is chosen: many leads have the same, and are asked about together."""

    place: Point
    told: frozenset[int]
    user_id: int | None


def events_near(leads: Iterable[Lead]) -> dict[int, Event]:
    """For each lead the nearest open event within the radius.

    Those for whom there is none, or no place to start at, are left out. However many leads, it
    takes three queries.
    """
    wishes: dict[_Wish, list[int]] = {}
    for pk, wish in _wishes({lead.pk: lead for lead in leads}):
        wishes.setdefault(wish, []).append(pk)
    near = [_near(wish, number) for number, wish in enumerate(wishes)]
    if not near:
        return {}
    wishers = [*wishes.values()]
    found = near[0].union(*near[1:], all=True)
    return {pk: event for event in found for pk in wishers[_number(event)]}


def _wishes(leads: dict[int, Lead]) -> Iterator[tuple[int, _Wish]]:
    middles = _middles({lead.city for lead in leads.values() if _home(lead) is None} - {""})
    told: dict[int, set[int]] = {}
    rows = FollowUp.objects.counted().filter(lead__in=leads, event__isnull=False)
    for lead_id, event_id in rows.values_list("lead", "event"):
        told.setdefault(lead_id, set()).add(event_id)
    for pk, lead in leads.items():
        if place := _home(lead) or middles.get(lead.city):
            yield pk, _Wish(place, frozenset(told.get(pk, ())), lead.user_id)


def _near(wish: _Wish, number: int) -> EventQuerySet:
    """At most one, annotated with the number."""
    now = timezone.now()
    is_open = Q(signup_closes_at=None) | Q(signup_closes_at__gt=now + SOONEST)
    soon = Event.objects.published().filter(
        is_open, starts_at__gt=now + SOONEST, starts_at__lte=now + LATEST
    )
    new = soon.with_seats_left().exclude(pk__in=wish.told)
    if wish.user_id is not None:
        new = new.exclude(participants__user=wish.user_id)
    near = new.nearby(*wish.place, settings.FOLLOW_UP_RADIUS_KM)
    return near.annotate(number=Value(number, IntegerField()))[:1]


def _number(event: Event) -> int:
    return event.number  # type: ignore[attr-defined]  # annotated by `_near`


def _home(lead: Lead) -> Point | None:
    """Where the account says they are."""
    user = lead.user
    if user is None or user.latitude is None or user.longitude is None:
        return None
    return user.latitude, user.longitude


def _middles(cities: Iterable[str]) -> dict[str, Point]:
    """The middle of what went on in each city, of those where anything did."""
    located = Event.objects.held().filter(latitude__isnull=False)
    middles = [
        located.in_city(city)
        .order_by()
        .values(asked=Value(city, TextField()))
        .annotate(north=Avg("latitude"), east=Avg("longitude"))
        for city in sorted(cities)
    ]
    if not middles:
        return {}
    rows = middles[0].union(*middles[1:], all=True)
    return {row["asked"]: (row["north"], row["east"]) for row in rows if row["north"] is not None}
