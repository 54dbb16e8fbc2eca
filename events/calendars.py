"""Events as calendar programs read them (RFC 5545)."""

import functools
from collections.abc import Iterable
from datetime import date, timedelta

import icalendar
from django.conf import settings
from icalendar.enums import STATUS

from events.models import Event, EventParticipant

PRODUCT = "-//Mutirao//Events//PT"
# How often programs should look again, as far as they follow it.
REFRESH = timedelta(hours=1)


def calendar(events: Iterable[Event], *, name: str, uid: str) -> bytes:
    """The events in one file, with the rules of their time zones."""
    file = icalendar.Calendar.new(
        prodid=PRODUCT, method="PUBLISH", name=name, uid=uid, refresh_interval=REFRESH
    )
    years = set()
    for event in events:
        file.add_component(entry(event))
        years |= {event.starts_at_local.year, event.ends_at_local.year}
    for zone in sorted(file.get_missing_tzids()):
        file.add_component(time_zone(zone, min(years), max(years)))
    return file.to_ical()


@functools.lru_cache(maxsize=256)
def time_zone(name: str, first_year: int, last_year: int) -> icalendar.Timezone:
    """The rules of a time zone in these years; kept, since working them out takes 50 ms."""
    return icalendar.Timezone.from_tzid(
        name, first_date=date(first_year, 1, 1), last_date=date(last_year + 1, 1, 1)
    )


def entry(event: Event) -> icalendar.Event:
    """One event; its id stays the same, so that a change replaces what a calendar has."""
    made = icalendar.Event.new(
        uid=uid_of(event),
        sequence=event.version,
        stamp=event.updated_at,
        last_modified=event.updated_at,
        start=event.starts_at_local,
        end=event.ends_at_local,
        summary=event.title,
        description=event.description or None,
        location=", ".join(filter(None, [event.address, event.city])),
        categories=[event.category.name],
        status=status(event),
    )
    if event.latitude is not None:
        made.add("geo", (event.latitude, event.longitude))
    return made


def uid_of(event: Event) -> str:
    return f"event-{event.pk}@{settings.DOMAIN.split(':')[0]}"


def status(event: Event) -> STATUS:
    """Whether it takes place; what one only waits for is tentative in one's own calendar."""
    if event.status == Event.Status.CANCELLED:
        return STATUS.CANCELLED
    waits = getattr(event, "my_status", None) == EventParticipant.Status.WAITLISTED
    return STATUS.TENTATIVE if waits or event.status == Event.Status.DRAFT else STATUS.CONFIRMED
