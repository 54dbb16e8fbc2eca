"""Which backups are kept: all of a day, then the last of each of seven days and four weeks."""

from collections.abc import Iterable
from datetime import datetime, timedelta

DAYS = 7
WEEKS = 4
NEW = timedelta(days=1)


def superfluous(moments: Iterable[datetime]) -> set[datetime]:
    """Those that are neither new nor the last of their day or week, or are too old.

    Days and weeks are those that have a backup: while none is made, none is thrown away.
    All of the last 24 hours stay: who makes one before and one after a change wants both.
    """
    newest_first = sorted(set(moments), reverse=True)
    days: dict[object, datetime] = {}
    weeks: dict[object, datetime] = {}
    for moment in newest_first:
        days.setdefault(moment.date(), moment)
        weeks.setdefault(moment.isocalendar()[:2], moment)
    new = [moment for moment in newest_first if newest_first[0] - moment < NEW]
    kept = {*new, *list(days.values())[:DAYS], *list(weeks.values())[:WEEKS]}
    return set(newest_first) - kept
