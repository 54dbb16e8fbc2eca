"""Filters of the lists."""

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateFilter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Unfold reads days in the American order only; a form's field knows the reader's.
DAY = forms.DateField(
    required=False,
    validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 12, 31))],
)


class WaitsFilter(admin.SimpleListFilter):
    """What staff must still decide about, as the model's `waiting_for_decision` says."""

    title = _("decision")
    parameter_name = "waits"

    def lookups(
        self, request: HttpRequest, model_admin: object
    ) -> "list[tuple[str, StrOrPromise]]":
        return [("yes", _("waits for a decision"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset & queryset.model.objects.waiting_for_decision()
        return queryset


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both included, as the days are here; what is no day is left out."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        first, last = self._day("from"), self._day("to")
        if first:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _midnight(first)})
        if last:
            day_after = _midnight(last + timedelta(days=1))
            queryset = queryset.filter(**{f"{self.field_path}__lt": day_after})
        return queryset

    def _day(self, end: str) -> date | None:
        try:
            return DAY.clean(self.used_parameters.get(f"{self.field_path}_{end}"))
        except forms.ValidationError:
            return None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
