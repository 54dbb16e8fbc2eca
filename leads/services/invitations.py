"""The event to which a lead is invited: the nearest that they neither heard of nor take part in."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import Avg, BigIntegerField, Q, TextField, Value
from django.utils import timezone

from events.models import Event
from events.querysets import EventQuerySet
from leads.models import FollowUp, Lead

# So long before it begins one can still get ready, and so long before one may plan.
SOONEST, LATEST = timedelta(hours=12), timedelta(days=30)
Point = tuple[float, float]


def events_near(leads: Iterable[Lead]) -> dict[int, Event]:
    """For each lead the nearest open event within the radius.

    Those for whom there is none, or no place to start at, are left out. However many leads, it
    takes two queries.
    """
    each = {lead.pk: lead for lead in leads}.values()
    middles = _middles({lead.city for lead in each if _home(lead) is None} - {""})
    places = [(lead, _home(lead) or middles.get(lead.city)) for lead in each]
    near = [_near(lead, place) for lead, place in places if place]
    if not near:
        return {}
    found = near[0].union(*near[1:], all=True)
    return {event.of_lead: event for event in found}  # type: ignore[attr-defined]  # annotated


def _near(lead: Lead, place: Point) -> EventQuerySet:
    """At most one, annotated with whose it is."""
    now = timezone.now()
    is_open = Q(signup_closes_at=None) | Q(signup_closes_at__gt=now + SOONEST)
    soon = Event.objects.published().filter(
        is_open, starts_at__gt=now + SOONEST, starts_at__lte=now + LATEST
    )
    told = FollowUp.objects.counted().filter(lead=lead, event__isnull=False).values("event")
    new = soon.with_seats_left().exclude(pk__in=told)
    if lead.user_id is not None:
        new = new.exclude(participants__user=lead.user_id)
    near = new.nearby(*place, settings.FOLLOW_UP_RADIUS_KM)
    return near.annotate(of_lead=Value(lead.pk, BigIntegerField()))[:1]


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
