"""The shape of reports, and of what persons did, in JSON."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api import LineField, ModelSerializer
from events.models import (
    IMPACT_KINDS,
    MAX_AMOUNT,
    Event,
    EventPhoto,
    EventReport,
    ReportContribution,
)
from events.serializers import LARGEST_ID
from users.models import Contribution, User

# So many tell what came of it.
MOST_PHOTOS = 12


class AmountField(serializers.DecimalField):
    """How much; a number in JSON, never NaN, less than nothing, or more than anybody can do."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(10, 2, coerce_to_string=False, min_value=0, max_value=MAX_AMOUNT, **kwargs)

    def to_representation(self, value: Any) -> float:  # type: ignore[override]  # no text
        return float(value)


def check_countable(kind: str, amount: Decimal) -> None:
    """Refuse half a seedling: what has no unit is counted."""
    if kind not in Contribution.UNITS and amount % 1:
        raise serializers.ValidationError(_("Give a whole number."), "whole")


def check_measured(event: Event, kind: str) -> None:
    """Refuse a figure that events of this category do not report."""
    if kind not in event.category.metrics:
        text = _("Events of this category do not report this.")
        raise serializers.ValidationError(text, "not_measured")


class FiguresSerializer(serializers.Serializer[Any]):
    """Amounts by kind; which of them an event reports, its category says."""

    default_error_messages = {"none": _("Give at least one figure.")}

    def get_fields(self) -> dict[str, Any]:
        return {
            kind: AmountField(required=False, help_text=Contribution.UNITS.get(kind, ""))
            for kind, _name in IMPACT_KINDS
        }

    def validate(self, attrs: dict[str, Decimal]) -> dict[str, Decimal]:
        if not attrs:
            raise serializers.ValidationError(self.error_messages["none"], "none")
        errors = {}
        for kind, amount in attrs.items():
            try:
                check_measured(self.context["event"], kind)
                check_countable(kind, amount)
            except serializers.ValidationError as error:
                errors[kind] = error.detail
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    def to_representation(self, figures: Any) -> dict[str, float]:
        return {figure.kind: float(figure.amount) for figure in figures.all()}


class PhotosField(serializers.ListField):
    """Ids of photos of the event that everyone sees; needs the event as context."""

    default_error_messages = {"unknown": _("Of this event no photo with the id {id} is shown.")}

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
        super().__init__(child=child, max_length=MOST_PHOTOS, **kwargs)

    def to_internal_value(self, data: Any) -> list[EventPhoto]:
        ids = super().to_internal_value(data)
        event: Event = self.context["event"]
        photos = event.photos.filter(status=EventPhoto.Status.SHOWN).in_bulk(ids)
        for pk in ids:
            if pk not in photos:
                self.fail("unknown", id=pk)
        return list(photos.values())

    def to_representation(self, photos: Any) -> list[int]:
        """Without those that were hidden since."""
        shown = (one.pk for one in photos.all() if one.status == EventPhoto.Status.SHOWN)
        return sorted(shown)


class ReportSerializer(ModelSerializer):
    """A report; what is not said about it when it is written stays."""

    figures = FiguresSerializer(required=False)
    photos = PhotosField(required=False)
    attributed = serializers.SerializerMethodField(
        help_text="What of the figures persons were credited with."
    )

    class Meta:
        model = EventReport
        fields = (
            "event",
            "status",
            "summary",
            "figures",
            "photos",
            "attributed",
            "return_reason",
            "submitted_at",
            "decided_at",
        )
        read_only_fields = ("event", "status", "return_reason", "submitted_at", "decided_at")

    @extend_schema_field(FiguresSerializer)
    def get_attributed(self, report: EventReport) -> dict[str, float]:
        return {figure.kind: float(figure.attributed) for figure in report.figures.all()}


class ContributionSerializer(ModelSerializer):
    """What a person did, and what they are credited with."""

    name = serializers.CharField(source="user.name", read_only=True)
    amount = AmountField(read_only=True)
    approved_amount = AmountField(read_only=True, allow_null=True)

    class Meta:
        model = ReportContribution
        fields = (
            "id",
            "user",
            "name",
            "kind",
            "amount",
            "status",
            "approved_amount",
            "reason",
            "created_at",
            "decided_at",
        )
        read_only_fields = fields


class NewContributionSerializer(serializers.Serializer[Any]):
    """How much one did of what; organizers say whose it is. Needs the event and the user."""

    default_error_messages = {"unknown": _("Nobody here goes by this.")}

    participant = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="For organizers."
    )
    kind = serializers.ChoiceField(IMPACT_KINDS)
    amount = AmountField()

    def validate_participant(self, pk: int) -> User:
        event: Event = self.context["event"]
        place = event.participants.filter(pk=pk).select_related("user").first()
        if place is None:
            self.fail("unknown")
        return place.user

    def validate_kind(self, kind: str) -> str:
        check_measured(self.context["event"], kind)
        return kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        _check_amount(attrs["kind"], attrs["amount"])
        return {**attrs, "person": attrs.get("participant", self.context["user"])}


class AdjustmentSerializer(serializers.Serializer[Any]):
    """Another amount than was said, and why; needs the contribution as context."""

    amount = AmountField()
    reason = LineField(max_length=500, required=False, allow_blank=True, default="")

    def validate_amount(self, amount: Decimal) -> Decimal:
        check_countable(self.context["contribution"].kind, amount)
        return amount


def _check_amount(kind: str, amount: Decimal) -> None:
    try:
        check_countable(kind, amount)
    except serializers.ValidationError as error:
        raise serializers.ValidationError({"amount": error.detail}) from error
