"""What was done at events, in sums that name nobody."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from events.models import Event, ReportFigure
from events.querysets import EventQuerySet
from users.models import Contribution

# Visits are the lines of the ledger about hours that nobody took back; their source names the
# event as text. The bounds of the time are those of the events: they let the ledger be read in
# one pass, before anything is joined.
VISITS = """
WITH event AS MATERIALIZED ({events}), visit AS (
    SELECT split_part(line.source, ':', 2) AS event_id, line.user_id, line.amount
    FROM users_contribution AS line
    WHERE line.kind = 'hours' AND line.source LIKE 'event:%%'
        AND line.happened_at >= %s AND line.happened_at < %s
        AND line.reverses_id IS NULL AND NOT EXISTS (
            SELECT FROM users_contribution AS reversal WHERE reversal.reverses_id = line.id
        )
)
SELECT {columns}, count(DISTINCT event.id) FILTER (WHERE event.status <> 'cancelled'),
    count(DISTINCT visit.user_id), count(visit.user_id), coalesce(sum(visit.amount), 0)
FROM event LEFT JOIN visit ON visit.event_id = event.id::text
GROUP BY GROUPING SETS ({groups})
"""
ENDLESS = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
UNITS = {kind: unit for kind, unit in Contribution.UNITS.items() if kind != "hours"}
MEASURES = ("events", "people", "visits", "hours")


def midnight(day: date) -> datetime:
    """When the day begins where the organisation is."""
    return timezone.make_aware(datetime.combine(day, time.min))


def period(first: date | None, last: date | None) -> tuple[datetime, datetime]:
    """From the beginning of one day to the end of another; without them, for ever."""
    return (
        midnight(first) if first else ENDLESS[0],
        midnight(last + timedelta(days=1)) if last else ENDLESS[1],
    )


def events_in(begin: datetime, end: datetime) -> EventQuerySet:
    """Events of that time that have begun; a cancelled one may have had visits before."""
    begun = Event.objects.exclude(status=Event.Status.DRAFT).filter(starts_at__lt=timezone.now())
    return begun.filter(starts_at__gte=begin, starts_at__lt=end)


def total(events: EventQuerySet, begin: datetime, end: datetime) -> dict[str, Any]:
    """All that was done at these events, which are those of that time or some of them."""
    [(_, *measures)] = _visits(events, begin, end, columns=["0"], groups=["()"])
    counted = ReportFigure.objects.counted().filter(report__event__in=events)
    return {
        **_named(measures),
        "reports": counted.values("report").distinct().count(),
        "figures": figures(counted.values_list("kind").annotate(Sum("amount")).order_by("kind")),
    }


def figures(rows: Iterable[tuple[str, Any]]) -> dict[str, float]:
    return {kind: float(amount) for kind, amount in rows}


def by_category(events: EventQuerySet) -> dict[int, dict[str, float]]:
    """The figures of approved reports, by the id of the category."""
    rows = (
        ReportFigure.objects.counted()
        .filter(report__event__in=events)
        .values_list("report__event__category", "kind")
        .annotate(Sum("amount"))
        .order_by("report__event__category", "kind")
    )
    found: dict[int, dict[str, float]] = {}
    for category, kind, amount in rows:
        found.setdefault(category, {})[kind] = float(amount)
    return found


def grouped(
    events: EventQuerySet, begin: datetime, end: datetime, **groups: tuple[str, str]
) -> dict[str, list[tuple[Any, dict[str, Any]]]]:
    """Visits by each of the expressions, in one pass: pairs of what is shown and the measures."""
    by = [expression for expression, _ in groups.values()]
    columns = [f"GROUPING({', '.join(by)})", *(shown for _, shown in groups.values())]
    sets = [f"({expression})" for expression in by]
    found: dict[str, list[tuple[Any, dict[str, Any]]]] = {name: [] for name in groups}
    # Of GROUPING, the bit of the one expression by which a row is grouped is 0.
    bits = {2 ** len(by) - 1 - 2 ** (len(by) - 1 - n): name for n, name in enumerate(groups)}
    for which, *row in _visits(events, begin, end, columns=columns, groups=sets):
        name = bits[which]
        found[name].append((row[list(groups).index(name)], _named(row[len(by) :])))
    return found


def _named(measures: Iterable[Any]) -> dict[str, Any]:
    return {
        name: float(value) if name == "hours" else value
        for name, value in zip(MEASURES, measures, strict=True)
    }


def _visits(
    events: EventQuerySet, begin: datetime, end: datetime, *, columns: list[str], groups: list[str]
) -> list[tuple[Any, ...]]:
    chosen = events.order_by().values("id", "status", "category_id", "city", "starts_at")
    query, parameters = chosen.query.sql_with_params()
    statement = VISITS.format(events=query, columns=", ".join(columns), groups=", ".join(groups))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*parameters, begin, end])
        return cursor.fetchall()
