"""The shape of what only reading asks and answers."""

from typing import Any

from rest_framework import serializers

from config.api import FiniteFloatField, UtcDateTimeField
from events.geo import MAX_RADIUS_KM
from events.models import Event, EventCategory, EventParticipant, Waiver
from events.serializers import EventSerializer


class NearbyQuery(serializers.Serializer[Any]):
    """A place, and how far from it."""

    lat = FiniteFloatField(min_value=-90, max_value=90)
    lng = FiniteFloatField(min_value=-180, max_value=180)
    radius_km = FiniteFloatField(min_value=0, max_value=MAX_RADIUS_KM, default=25)


class NearbyEventSerializer(EventSerializer):
    """An event and how far away it is."""

    distance_km = serializers.FloatField(read_only=True)

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "distance_km")


class MyEventsQuery(serializers.Serializer[Any]):
    """Which of one's own events."""

    role = serializers.ChoiceField(["organizer", "participant"], required=False)
    when = serializers.ChoiceField(["upcoming", "past"], required=False)


class MyEventSerializer(EventSerializer):
    """An event and what one is there."""

    my_role = serializers.ChoiceField(["organizer", "participant"], read_only=True)
    my_status = serializers.ChoiceField(
        EventParticipant.Status.choices, read_only=True, allow_null=True
    )

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "my_role", "my_status")


class CategorySerializer(serializers.ModelSerializer[EventCategory]):
    class Meta:
        model = EventCategory
        fields = ("id", "name", "slug", "description", "metrics")


class StatsSerializer(serializers.Serializer[Any]):
    """What came of an event, in numbers that name nobody."""

    event = serializers.IntegerField()
    capacity = serializers.IntegerField()
    confirmed = serializers.IntegerField()
    waitlisted = serializers.IntegerField()
    left = serializers.IntegerField()
    no_show = serializers.IntegerField()
    checked_in = serializers.IntegerField()
    checked_out = serializers.IntegerField()
    attendance_rate = serializers.FloatField(
        allow_null=True, help_text="Of those with a seat, how many came; null before the start."
    )
    hours = serializers.FloatField()
    figures = serializers.DictField(
        child=serializers.FloatField(), help_text="Of the approved report, by kind."
    )


class ParticipationSerializer(serializers.ModelSerializer[EventParticipant]):
    """A line of a person's history."""

    title = serializers.CharField(source="event.title", read_only=True)
    city = serializers.CharField(source="event.city", read_only=True)
    starts_at = UtcDateTimeField(source="event.starts_at", read_only=True)
    ends_at = UtcDateTimeField(source="event.ends_at", read_only=True)
    event_status = serializers.ChoiceField(
        Event.Status.choices, source="event.status", read_only=True
    )
    position = serializers.IntegerField(read_only=True, allow_null=True)
    checked_in_at = UtcDateTimeField(read_only=True, allow_null=True)
    checked_out_at = UtcDateTimeField(read_only=True, allow_null=True)
    hours = serializers.FloatField(read_only=True)

    class Meta:
        model = EventParticipant
        fields = (
            "id",
            "event",
            "title",
            "city",
            "starts_at",
            "ends_at",
            "event_status",
            "status",
            "position",
            "checked_in_at",
            "checked_out_at",
            "hours",
        )
        read_only_fields = fields


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    """What one accepts by joining, in the version that counts."""

    created_at = UtcDateTimeField(read_only=True)

    class Meta:
        model = Waiver
        fields = ("event", "version", "text", "created_at")
        read_only_fields = fields


class ImageQuery(serializers.Serializer[Any]):
    """How a QR code is wanted."""

    image = serializers.ChoiceField(["png", "svg"], default="png")


class VenueCodeSerializer(serializers.Serializer[Any]):
    """What hangs at the venue: who reads it may check in."""

    event = serializers.IntegerField()
    venue_code = serializers.CharField()
    qr_code = serializers.CharField(help_text="The code as an SVG image, in a data: URL.")


class CalendarFeedSerializer(serializers.Serializer[Any]):
    """The secret address of one's calendar."""

    url = serializers.URLField()
    created_at = UtcDateTimeField()
