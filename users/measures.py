"""What the ledger says of attendance and of badges: the SQL that all who ask it share.

An event attended is a line of hours whose source begins with "event:", and of more than none. A
reversal is a line with a minus for the same moment, so whatever is summed comes out right without
a look at which line it reverses.
"""
# ruff: noqa: S608 - the SQL is ours, and what people write goes as parameters

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection

from users.models import Badge

# The lines of some people or, for NULL, of all. What is asked for is a literal when the
# statement is planned, so that the condition vanishes or finds the index. Weeks begin on
# Monday, and are numbered.
LINES = """
    SELECT user_id, kind, category, amount, day, (day - DATE '1999-12-27') / 7 AS week,
        CASE WHEN kind <> 'hours' OR source NOT LIKE 'event:%%' OR amount = 0 THEN 0
            WHEN reverses_id IS NULL THEN 1 ELSE -1 END AS visits
    FROM users_contribution,
        LATERAL (SELECT (happened_at AT TIME ZONE %(zone)s)::date AS day) AS local
    WHERE (%(people)s::bigint[] IS NULL OR user_id = ANY(%(people)s::bigint[]))
"""
# Closed accounts get nothing.
EARNERS = """
    SELECT user_id FROM measured JOIN users_user AS person ON person.id = user_id
    WHERE value >= %(threshold)s AND is_active AND NOT EXISTS (
        SELECT FROM users_badgeaward AS award
        WHERE (award.badge_id, award.user_id) = (measured.badge_id, measured.user_id)
            AND revoked_at IS NULL
    )
    ORDER BY value DESC, user_id
"""
MONDAY = "DATE '1999-12-27' + 7 * last_week::int"
Given = dict[str, Any]


def parameters(people: Iterable[int] | None = None) -> Given:
    """What LINES asks for."""
    return {"zone": settings.TIME_ZONE, "people": None if people is None else list(people)}


def streaks(chosen: str = "kind = 'hours'") -> str:
    """SQL for the runs of consecutive weeks with attendance: their length and last week.

    The weeks of one run, less their number among all weeks, are the same number.
    """
    return f"""
        SELECT user_id, count(*) AS length, max(week) AS last_week
        FROM (
            SELECT user_id, week,
                week - row_number() OVER (PARTITION BY user_id ORDER BY week) AS run
            FROM (
                SELECT user_id, week FROM line WHERE {chosen}
                GROUP BY user_id, week HAVING sum(visits) > 0
            ) AS attended
        ) AS numbered
        GROUP BY user_id, run
    """


def measured(badges: Sequence[Badge], people: Iterable[int] | None) -> tuple[str, Given]:
    """SQL that begins with how far each person is with each badge, and what it asks for.

    `measured` has a row for whoever has anything. All sums of all time come from one pass
    over the lines; the fullest window and the longest streak take one for each badge.
    """
    given = parameters(people)
    timeless = [badge for badge in badges if not badge.window_days and not badge.is_streak]
    parts = [_sums(timeless, given)] if timeless else []
    parts += [_fullest_window(badge, given) for badge in badges if badge.window_days]
    parts += [_longest_streak(badge, given) for badge in badges if badge.is_streak]
    lines = f"WITH line AS NOT MATERIALIZED ({LINES})"
    return f"{lines}, measured (badge_id, user_id, value) AS ({' UNION ALL '.join(parts)})", given


def _sums(badges: Sequence[Badge], given: Given) -> str:
    columns = [
        f"sum({_counted(badge)}) FILTER (WHERE {_chosen(badge, given)}) AS badge_{badge.pk}"
        for badge in badges
    ]
    values = [f"({badge.pk}, badge_{badge.pk})" for badge in badges]
    return f"""
        SELECT badge_id, user_id, value
        FROM (SELECT user_id, {", ".join(columns)} FROM line GROUP BY user_id) AS person,
            LATERAL (VALUES {", ".join(values)}) AS sums (badge_id, value)
        WHERE value > 0
    """


def _fullest_window(badge: Badge, given: Given) -> str:
    return f"""
        SELECT {badge.pk}, user_id, max(value)
        FROM (
            SELECT user_id, sum({_counted(badge)}) OVER (
                PARTITION BY user_id ORDER BY day
                RANGE INTERVAL '{(badge.window_days or 1) - 1} days' PRECEDING
            ) AS value
            FROM line WHERE {_chosen(badge, given)}
        ) AS ending
        GROUP BY user_id
    """


def _longest_streak(badge: Badge, given: Given) -> str:
    runs = streaks(_chosen(badge, given))
    return f"SELECT {badge.pk}, user_id, max(length) FROM ({runs}) AS streak GROUP BY user_id"


def _counted(badge: Badge) -> str:
    return "visits" if badge.metric == Badge.Metric.EVENTS else "amount"


def _chosen(badge: Badge, given: Given) -> str:
    """Which lines count for a badge."""
    given[f"kind_{badge.pk}"] = badge.kind
    if not badge.category:
        return f"kind = %(kind_{badge.pk})s"
    given[f"category_{badge.pk}"] = badge.category
    return f"kind = %(kind_{badge.pk})s AND category = %(category_{badge.pk})s"


class Progress(NamedTuple):
    badge_id: int
    user_id: int
    value: Decimal


def progress(badges: Sequence[Badge], people: Iterable[int]) -> list[Progress]:
    """How far these people are with these badges."""
    if not badges:
        return []
    statement, given = measured(badges, people)
    return [Progress(*row) for row in rows(f"{statement} TABLE measured", given)]


def earners(badge: Badge) -> list[int]:
    """Who would get the badge if it were enabled, which some may have already; furthest first."""
    statement, given = measured([badge], None)
    found = rows(statement + EARNERS, {**given, "threshold": badge.threshold})
    return [user_id for (user_id,) in found]


def rows(statement: str, given: Given) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return cursor.fetchall()
