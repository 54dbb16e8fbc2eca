"""How much there is of everything, counted every hour rather than at each look."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Sum
from django.utils import timezone

from config import series
from config.models import Totals


def count() -> None:
    """Count all of settings.TOTALS and SERIES into the one row; what was there before is gone."""
    counted_at = timezone.now()
    numbers = {name: _count(*what) for name, what in settings.TOTALS.items()}
    facts = {"numbers": numbers, "series": series.count_all(), "counted_at": counted_at}
    Totals.objects.update_or_create(pk=1, defaults=facts)


def latest() -> Totals | None:
    """The row, at most an hour old while beat and a worker run; None before the first count."""
    return Totals.objects.first()


def _count(label: str, which: dict[str, Any], field: str | None) -> float:
    rows = apps.get_model(label)._default_manager.filter(**which)
    return float(rows.aggregate(sum=Sum(field))["sum"] or 0) if field else rows.count()
