"""The shape of statistics, badges and the leaderboard in JSON, and of what they are asked."""

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api import LineField, UtcDateTimeField
from users.models import Badge, BadgeAward, Contribution

Serializer = serializers.Serializer
IMPACT = [kind for kind in Contribution.Kind.choices if kind[0] != Contribution.Kind.HOURS]


class DayField(serializers.DateField):
    def __init__(self, **kwargs: Any) -> None:
        years = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2100, 12, 31))]
        super().__init__(validators=years, **kwargs)


@extend_schema_field({"type": "string", "pattern": r"^\d{4}-\d{2}$", "example": "2027-05"})
class MonthField(DayField):
    """A month, as its first day."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m"], **kwargs)


class PeriodQuery(Serializer):
    """From one day to another, both included, as the days are in São Paulo."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {"from": DayField(required=False), "to": DayField(required=False)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "from" in attrs and attrs["from"] > attrs.get("to", attrs["from"]):
            raise serializers.ValidationError({"to": _("Give a day that is not before the first.")})
        return attrs


class ContributedSerializer(Serializer):
    kind = serializers.ChoiceField(IMPACT)
    unit = serializers.CharField()
    amount = serializers.FloatField()


class FiguresSerializer(Serializer):
    events = serializers.IntegerField()
    hours = serializers.FloatField()
    impact = ContributedSerializer(many=True)


class CategoryFiguresSerializer(FiguresSerializer):
    category = serializers.CharField(help_text="Its slug; empty where none is known.")


class MonthFiguresSerializer(FiguresSerializer):
    month = serializers.CharField(help_text="Like 2027-05.")


class StatisticsSerializer(FiguresSerializer):
    """What a person did."""

    current_streak = serializers.IntegerField(
        help_text="Weeks in a row with an event, up to this one or the last; of all time."
    )
    longest_streak = serializers.IntegerField()
    by_category = CategoryFiguresSerializer(many=True)
    by_month = MonthFiguresSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        days = {name: serializers.DateField(allow_null=True) for name in ("from", "to")}
        return {**days, **super().get_fields()}


class AwardSerializer(serializers.ModelSerializer[BadgeAward]):
    awarded_at = UtcDateTimeField(read_only=True)
    page = serializers.URLField(source="page_url", help_text="Where anyone may check it.")
    credential = serializers.URLField(
        source="credential_url", help_text="As Open Badges 3.0, for a digital wallet."
    )

    class Meta:
        model = BadgeAward
        fields = ("id", "awarded_at", "page", "credential")


class BadgeSerializer(serializers.ModelSerializer[Badge]):
    """A badge, and how far one is with it: 7 of 10."""

    icon = serializers.URLField(source="icon_url", read_only=True)
    unit = serializers.CharField(read_only=True)
    threshold = serializers.FloatField(read_only=True)
    progress = serializers.FloatField(read_only=True)
    award = serializers.SerializerMethodField()

    class Meta:
        model = Badge
        fields = (
            "slug",
            "name",
            "description",
            "icon",
            "metric",
            "unit",
            "category",
            "window_days",
            "threshold",
            "progress",
            "award",
        )

    @extend_schema_field(AwardSerializer(allow_null=True))
    def get_award(self, badge: Badge) -> Any:
        awarded: list[BadgeAward] = badge.awarded  # type: ignore[attr-defined]
        return AwardSerializer(awarded[0]).data if awarded else None


class LeaderboardQuery(Serializer):
    """Where, and when; all places and all time where nothing is said."""

    city = LineField(required=False, allow_blank=True, max_length=120)
    month = MonthField(required=False)


class RankSerializer(Serializer):
    rank = serializers.IntegerField(help_text="Who has the same hours has the same rank.")
    first_name = serializers.CharField()
    last_name = serializers.CharField(
        source="public_last_name", help_text="Empty of who did not agree to a public profile."
    )
    city = serializers.CharField()
    hours = serializers.FloatField()
