"""The event to which a lead is invited: the nearest that they neither heard of nor take part in."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Avg, Q
from django.utils import timezone

from events.models import Event
from leads.models import FollowUp, Lead

# So long before it begins one can still get ready, and so long before one may plan.
SOONEST, LATEST = timedelta(hours=12), timedelta(days=30)


def event_near(lead: Lead) -> Event | None:
    """The nearest open event within the radius; None if there is none, or no place to start at."""
    if (place := _place(lead)) is None:
        return None
    now = timezone.now()
    is_open = Q(signup_closes_at=None) | Q(signup_closes_at__gt=now + SOONEST)
    soon = Event.objects.published().filter(
        is_open, starts_at__gt=now + SOONEST, starts_at__lte=now + LATEST
    )
    told = FollowUp.objects.counted().filter(lead=lead, event__isnull=False).values("event")
    new = soon.with_seats_left().exclude(pk__in=told)
    if lead.user_id is not None:
        new = new.exclude(participants__user=lead.user_id)
    return new.nearby(*place, settings.FOLLOW_UP_RADIUS_KM).first()


def _place(lead: Lead) -> tuple[float, float] | None:
    """Where the account says they are, else the middle of what went on in their city."""
    user = lead.user
    if user is not None and user.latitude is not None and user.longitude is not None:
        return user.latitude, user.longitude
    if not lead.city:
        return None
    held = Event.objects.held().in_city(lead.city).filter(latitude__isnull=False)
    middle = held.aggregate(latitude=Avg("latitude"), longitude=Avg("longitude"))
    if middle["latitude"] is None:
        return None
    return middle["latitude"], middle["longitude"]
