"""Numbers of the last weeks or months, or by a field, as the charts of the dashboard show them."""

from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Count, Model, QuerySet, Sum
from django.db.models.functions import TruncMonth, TruncWeek
from django.utils import timezone

from config.models import Totals


def monday(day: date, back: int) -> date:
    return day - timedelta(days=day.weekday(), weeks=back)


def first_of_month(day: date, back: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    return date(years, month + 1, 1)


STEPS: dict[str, tuple[Any, Callable[[date, int], date]]] = {
    "week": (TruncWeek, monday),
    "month": (TruncMonth, first_of_month),
}
ALL = ""  # the name of the only group, where nothing parts them
Points = dict[str, float]


def count_all() -> dict[str, dict[str, Points]]:
    """Count all of settings.SERIES: for each its groups, and for each group its points."""
    return {name: _count(**what) for name, what in settings.SERIES.items()}


def points(totals: Totals, name: str, group: str = ALL) -> list[tuple[date, float]]:
    """The points of a group, oldest first, none left out: what nobody did is zero."""
    what = settings.SERIES[name]
    found = totals.series.get(name, {}).get(group, {})
    days = starts(what["per"], what["back"])
    return [(day, found.get(day.isoformat(), 0)) for day in days]


def starts(per: str, back: int) -> list[date]:
    """The first days of the last weeks or months, this one included, oldest first."""
    _trunc, first = STEPS[per]
    return [first(timezone.localdate(), number) for number in range(back - 1, -1, -1)]


def _count(model: str, where: dict[str, Any] | None = None, **what: Any) -> dict[str, Points]:
    rows = apps.get_model(model)._default_manager.filter(**(where or {})).order_by()
    number = Sum(what["sum"]) if "sum" in what else Count("pk")
    if "moment" not in what:
        most = rows.values_list(what["by"]).annotate(number=number).order_by("-number", what["by"])
        return {ALL: {name: float(value) for name, value in most[: what["top"]]}}
    return _by_time(rows, number, **what)


def _by_time(
    rows: QuerySet[Model], number: Any, *, moment: str, per: str, back: int, **what: Any
) -> dict[str, Points]:
    trunc, _first = STEPS[per]
    first = timezone.make_aware(datetime.combine(starts(per, back)[0], time.min))
    recent = rows.filter(**{f"{moment}__gte": first}).annotate(day=trunc(moment))
    by = [what["by"]] if "by" in what else []
    groups: dict[str, Points] = defaultdict(dict)
    for *group, day, value in recent.values_list(*by, "day").annotate(number=number):
        groups[group[0] if group else ALL][day.date().isoformat()] = float(value)
    return dict(groups)
