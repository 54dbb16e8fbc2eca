"""The shape of sums in JSON."""

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import LineField, UtcDateTimeField
from events.models import EventCategory, ImpactReport
from events.report_serializers import FiguresSerializer


class DayField(serializers.DateField):
    def __init__(self, **kwargs: Any) -> None:
        limits = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 12, 31))]
        super().__init__(validators=limits, **kwargs)


class ImpactQuery(serializers.Serializer[Any]):
    """Of which events: by the day of their start, both included, by category and by city."""

    default_error_messages = {"order": _("The last day is before the first.")}

    to = DayField(required=False)
    category = serializers.PrimaryKeyRelatedField(
        queryset=EventCategory.objects.all(), required=False
    )
    city = LineField(max_length=120, required=False)

    def get_fields(self) -> dict[str, Any]:
        # The name is a word of Python.
        return {"from": DayField(required=False), **super().get_fields()}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and "to" in attrs and attrs["to"] < attrs["from"]:
            error = serializers.ErrorDetail(str(self.error_messages["order"]), "order")
            raise serializers.ValidationError({"to": [error]})
        return attrs


class VisitsSerializer(serializers.Serializer[Any]):
    """Who came to events, in numbers."""

    events = serializers.IntegerField()
    people = serializers.IntegerField(help_text="Each counted once.")
    visits = serializers.IntegerField(help_text="Each person counted at each event.")
    hours = serializers.FloatField()


class ImpactSerializer(VisitsSerializer):
    """What was done in all."""

    reports = serializers.IntegerField(help_text="From so many approved ones the figures are.")
    figures = FiguresSerializer()


class CategoryImpactSerializer(VisitsSerializer):
    category = serializers.IntegerField()
    name = serializers.CharField()
    figures = FiguresSerializer()


class WeekImpactSerializer(VisitsSerializer):
    to = serializers.DateField()

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(), **super().get_fields()}


class CityImpactSerializer(VisitsSerializer):
    city = serializers.CharField()


class MonthlyReportSerializer(ImpactSerializer):
    """What was done in a month, as it was added up then."""

    month = serializers.CharField(help_text="Like 2027-05.")
    generated_at = UtcDateTimeField()
    categories = CategoryImpactSerializer(many=True)
    weeks = WeekImpactSerializer(many=True)
    cities = CityImpactSerializer(many=True)

    def to_representation(self, report: ImpactReport) -> dict[str, Any]:
        generated_at = self.fields["generated_at"].to_representation(report.generated_at)
        return {"month": report.slug, "generated_at": generated_at, **report.figures}
