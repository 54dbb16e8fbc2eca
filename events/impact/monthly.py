"""The figures of a month, as its report keeps them."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.conf import settings

from events.impact import sums
from events.models import EventCategory

Row = tuple[Any, dict[str, Any]]
MOST_CITIES = 10
NOTHING = {"events": 0, "people": 0, "visits": 0, "hours": 0.0}
CATEGORY = "event.category_id"
WEEK = f"date_trunc('week', event.starts_at AT TIME ZONE '{settings.TIME_ZONE}')::date"
CITY = "search_text(event.city)"


def of(month: date) -> dict[str, Any]:
    """Add up all that was done in the month that begins on this day."""
    begin, end = sums.period(month, last_day(month))
    events = sums.events_in(begin, end)
    found = sums.grouped(
        events,
        begin,
        end,
        category=(CATEGORY, CATEGORY),
        week=(WEEK, WEEK),
        city=(CITY, "min(event.city)"),
    )
    return {
        **sums.total(events, begin, end),
        "categories": _categories(dict(_real(found["category"])), sums.by_category(events)),
        "weeks": [
            {"from": str(first), "to": str(last), **dict(found["week"]).get(monday, NOTHING)}
            for monday, first, last in weeks(month)
        ],
        "cities": _largest(_real(found["city"])),
    }


def last_day(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def month_before(day: date) -> date:
    """The first day of the month before the one of this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def weeks(month: date) -> Iterator[tuple[date, date, date]]:
    """Each week by its Monday, with the first and the last of its days in the month."""
    last = last_day(month)
    monday = month - timedelta(days=month.weekday())
    while monday <= last:
        yield monday, max(monday, month), min(monday + timedelta(days=6), last)
        monday += timedelta(days=7)


def _real(rows: list[Row]) -> list[Row]:
    """Without those that hold only events which were called off before anybody came."""
    return [row for row in rows if row[1]["events"] or row[1]["visits"]]


def _categories(
    visits: dict[int, dict[str, Any]], figures: dict[int, dict[str, float]]
) -> list[dict[str, Any]]:
    categories = EventCategory.objects.filter(pk__in=visits)
    return [
        {
            "category": category.pk,
            "name": category.name,
            **visits[category.pk],
            "figures": figures.get(category.pk, {}),
        }
        for category in categories
    ]


def _largest(cities: list[Row]) -> list[dict[str, Any]]:
    ordered = sorted(cities, key=lambda pair: (-pair[1]["hours"], -pair[1]["events"], pair[0]))
    return [{"city": city, **measures} for city, measures in ordered[:MOST_CITIES]]
