"""Quiet hours: when nobody is written to unasked, by the lead's own clocks."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings


def is_open(moment: datetime, zone: str) -> bool:
    """Whether a lead in that time zone may be written to unasked at the moment."""
    opens, closes = settings.FOLLOW_UP_HOURS
    return opens <= moment.astimezone(zone_of(zone)).time() < closes


def next_open(moment: datetime, zone: str) -> datetime:
    """The moment itself outside of the quiet hours, else the first after it when they are over."""
    if is_open(moment, zone):
        return moment
    return min(opening for opening in _openings(moment, zone) if opening > moment)


def zone_of(name: str) -> ZoneInfo:
    """The zone of that name; where most leads are, if there is none."""
    return ZoneInfo(name if name in _names() else settings.TIME_ZONE)


def _openings(moment: datetime, zone: str) -> Iterator[datetime]:
    """When the quiet hours end in the days around it, by the wall clock there.

    The way back from UTC shows what a change of clocks did: an hour that comes twice is two
    moments, one that is left out comes as much later as the clocks go on, or the next day.
    """
    opens, _closes = settings.FOLLOW_UP_HOURS
    there = zone_of(zone)
    today = moment.astimezone(there).date()
    for day in range(3):
        wall = datetime.combine(today + timedelta(days=day), opens)
        for fold in (0, 1):
            opening = wall.replace(tzinfo=there, fold=fold).astimezone(UTC)
            if is_open(opening, zone):
                yield opening


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
