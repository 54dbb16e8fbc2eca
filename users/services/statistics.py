"""The statistics that are kept for each person, rebuilt from the ledger."""

from collections.abc import Iterable

from django.db import connection, transaction

from users import measures

UPDATE = f"""
WITH line AS NOT MATERIALIZED ({measures.LINES}),
given AS (
    SELECT user_id, sum(visits) AS events, sum(amount) AS hours
    FROM line WHERE kind = 'hours' GROUP BY user_id
),
streak AS (
    SELECT DISTINCT ON (user_id)
        user_id, max(length) OVER (PARTITION BY user_id) AS longest, length,
        {measures.MONDAY} AS last_week
    FROM ({measures.streaks()}) AS streak
    ORDER BY user_id, last_week DESC
)
INSERT INTO users_userstatistics AS kept
    (user_id, events, hours, longest_streak, last_streak, last_week, updated_at)
SELECT user_id, events, hours, coalesce(longest, 0), coalesce(length, 0), last_week, now()
FROM given LEFT JOIN streak USING (user_id)
ON CONFLICT (user_id) DO UPDATE SET
    events = excluded.events,
    hours = excluded.hours,
    longest_streak = excluded.longest_streak,
    last_streak = excluded.last_streak,
    last_week = excluded.last_week,
    updated_at = excluded.updated_at
WHERE (kept.events, kept.hours, kept.longest_streak, kept.last_streak, kept.last_week)
    IS DISTINCT FROM (excluded.events, excluded.hours, excluded.longest_streak,
        excluded.last_streak, excluded.last_week)
"""  # noqa: S608  # SQL of ours


@transaction.atomic
def update_statistics(user_ids: Iterable[int] | None = None) -> int:
    """Rebuild the statistics of some people or of all; return how many differed.

    The lock lets one rebuilding follow another, so that none writes what it read before
    the ledger changed over what another one read after.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE users_userstatistics IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(UPDATE, measures.parameters(user_ids))
        return cursor.rowcount
