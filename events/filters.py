"""What the list of events can be asked for."""

from typing import Any, ClassVar, cast

from django import forms
from django_filters import rest_framework as filters
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from config.api import UtcDateTimeField
from events.models import Event, EventCategory, EventParticipant, EventPhoto, ReportContribution
from events.querysets import EventQuerySet


class SerializerFormField(forms.Field):
    """Reads a value of the query as the given field of a serializer would read it from a body."""

    reads: serializers.Field

    def clean(self, value: Any) -> Any:
        if value in self.empty_values:
            return None
        try:
            return self.reads.run_validation(value)
        except serializers.ValidationError as error:
            details = cast(list[ErrorDetail], error.detail)
            errors = [forms.ValidationError(str(one), one.code) for one in details]
            raise forms.ValidationError(errors) from error


class MomentFormField(SerializerFormField):
    reads = UtcDateTimeField()

    def clean(self, value: Any) -> Any:
        # The plus of an offset arrives as a space where it was not encoded.
        return super().clean(value and value.replace(" ", "+"))


class BooleanFormField(SerializerFormField):
    reads = serializers.BooleanField()


class MomentFilter(filters.IsoDateTimeFilter):
    field_class = MomentFormField


class BooleanFilter(filters.BooleanFilter):
    field_class = BooleanFormField

    def __init__(self, **kwargs: Any) -> None:
        # The usual widget takes what is neither true nor false for nothing.
        super().__init__(widget=forms.TextInput, **kwargs)


class StatusesFormField(filters.MultipleChoiceFilter.field_class):
    def to_python(self, value: list[str] | None) -> list[str]:
        return super().to_python([status for status in value or [] if status])


class StatusesFilter(filters.MultipleChoiceFilter):
    field_class = StatusesFormField


class EventOrderingFilter(filters.OrderingFilter):
    """Sorts by start unless told otherwise; events that are equal in that stay in one order."""

    def filter(self, events: EventQuerySet, value: list[str] | None) -> EventQuerySet:
        fields = value or ["starts_at"]
        return events.order_by(*fields, "-pk" if fields[0].startswith("-") else "pk")


class EventFilter(filters.FilterSet):
    """Published events to come, unless `status` or dates ask for others."""

    category = filters.ModelChoiceFilter(queryset=EventCategory.objects.all())
    status = StatusesFilter(choices=Event.Status.choices, distinct=False)
    city = filters.CharFilter(method="in_city", max_length=120)
    starts_after = MomentFilter(field_name="starts_at", lookup_expr="gte")
    starts_before = MomentFilter(field_name="starts_at", lookup_expr="lt")
    has_seats = BooleanFilter(method="by_seats")
    search = filters.CharFilter(
        method="matching",
        max_length=200,
        help_text="Words that title, description or city hold, with or without accents.",
    )
    ordering = EventOrderingFilter(fields=["starts_at", "created_at"])

    class Meta:
        model = Event
        fields: ClassVar[list[str]] = []

    def filter_queryset(self, events: EventQuerySet) -> EventQuerySet:
        asked = self.form.cleaned_data
        if not asked["status"]:
            if asked["starts_after"] or asked["starts_before"]:
                events = events.held()
            else:
                events = events.published().upcoming()
        return super().filter_queryset(events)

    def in_city(self, events: EventQuerySet, name: str, city: str) -> EventQuerySet:
        return events.in_city(city)

    def matching(self, events: EventQuerySet, name: str, text: str) -> EventQuerySet:
        return events.matching(text)

    def by_seats(self, events: EventQuerySet, name: str, has_seats: bool) -> EventQuerySet:
        return events.with_seats_left() if has_seats else events.full()


class PhotoFilter(filters.FilterSet):
    class Meta:
        model = EventPhoto
        fields: ClassVar[list[str]] = ["stage"]


class ParticipantFilter(filters.FilterSet):
    class Meta:
        model = EventParticipant
        fields: ClassVar[list[str]] = ["status"]


class ContributionFilter(filters.FilterSet):
    class Meta:
        model = ReportContribution
        fields: ClassVar[list[str]] = ["status", "kind"]
