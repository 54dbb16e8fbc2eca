"""The shape of series, copies and their edits in JSON."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import LineField, TextField, UtcDateTimeField
from events import recurrence
from events.models import EventSeries
from events.resources import NewResourceSerializer
from events.serializers import EventSerializer, NewEventSerializer
from events.services.series_edits import Reason, Scope


class RuleField(LineField):
    """A rule of repetition by RFC 5545: by days, the time is that of the first event."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_length=recurrence.MAX_LENGTH,
            help_text="RFC 5545, by days: FREQ=WEEKLY;BYDAY=SA;COUNT=10",
            **kwargs,
        )

    def to_internal_value(self, value: Any) -> str:
        rule = super().to_internal_value(value)
        try:
            recurrence.parse(rule)
        except ValidationError as error:
            raise serializers.ValidationError(error.message, error.code) from error
        return rule


class NeededSerializer(NewResourceSerializer):
    """A thing that each event of a series needs."""

    kind = None  # type: ignore[assignment]  # rides are offered for one event


class NewSeriesSerializer(NewEventSerializer):
    """The first event of a series, the rule by which others follow, and what each begins with."""

    rrule = RuleField()
    waiver = TextField(max_length=10_000, required=False, help_text="What each asks to accept.")
    resources = NeededSerializer(  # type: ignore[call-arg]  # of a list
        many=True, required=False, max_length=20, help_text="What each needs."
    )

    class Meta(NewEventSerializer.Meta):
        fields = (*NewEventSerializer.Meta.fields, "rrule", "waiver", "resources")


class SeriesSerializer(serializers.ModelSerializer[EventSeries]):
    """A series and those of its events that were made so far."""

    rrule = serializers.CharField(source="rule")
    events = EventSerializer(many=True, source="events_by_slot")

    class Meta:
        model = EventSeries
        fields = ("id", "rrule", "time_zone", "events")
        read_only_fields = fields


class SeriesEditSerializer(EventSerializer):
    """What is to be different, and at which events; what is not named stays."""

    default_error_messages = {
        "not_for_one": _("One event has no rule of its own."),
    }

    scope = serializers.ChoiceField(Scope.choices)
    rrule = RuleField(required=False)

    class Meta(EventSerializer.Meta):
        fields = ("scope", "rrule", *EventSerializer.Meta.fields)

    def get_fields(self) -> dict[str, serializers.Field]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name == "scope"
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["scope"] == Scope.THIS and "rrule" in attrs:
            text = str(self.error_messages["not_for_one"])
            error = serializers.ErrorDetail(text, "not_for_one")
            raise serializers.ValidationError({"rrule": error})
        return attrs


class SeriesLineSerializer(serializers.Serializer[Any]):
    """One event of those that an edit of a series concerns."""

    event = serializers.IntegerField(allow_null=True, help_text="None yet in a preview.")
    starts_at = UtcDateTimeField()
    was = UtcDateTimeField(allow_null=True, help_text="When it was to start before.")
    participants = serializers.IntegerField(help_text="Who hold a seat or wait for one.")
    reason = serializers.ChoiceField(
        Reason.choices, allow_blank=True, help_text="Why an event is kept as it is."
    )


class SeriesOutcomeSerializer(serializers.Serializer[Any]):
    """What becomes of the events of a series."""

    scope = serializers.ChoiceField(Scope.choices)
    series = serializers.IntegerField(help_text="A new one if it was split.")
    created = SeriesLineSerializer(many=True)
    moved = SeriesLineSerializer(many=True)
    changed = SeriesLineSerializer(many=True)
    dropped = SeriesLineSerializer(many=True)
    kept = SeriesLineSerializer(many=True)


class CopySerializer(serializers.Serializer[Any]):
    starts_at = UtcDateTimeField()
