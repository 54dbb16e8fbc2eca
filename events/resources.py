from config.api import (LineField, ModelSerializer)
from events.models import (Event, EventParticipant, EventResource, ResourcePledge)
from events.models.resources import (MOST_NEEDED)
from import_export import (resources)
from import_export.fields import (Field)
from import_export.widgets import (FloatWidget)
from rest_framework import (serializers)
from typing import (Any)
"""The shape of what an event needs and who brings it."""










class PledgeSerializer(serializers.ModelSerializer[ResourcePledge]):
    """Who brings how many."""

    name = serializers.CharField(source="participant.user.name", read_only=True)

    class Meta:
        model = ResourcePledge
        fields = ("participant", "name", "quantity")
        read_only_fields = fields


class ResourceSerializer(ModelSerializer):
    """What is needed or offered; needs rows of `with_pledges`."""

    offered_by_name = serializers.CharField(
        source="offered_by.public_name", read_only=True, default=None, allow_null=True
    )
    my_pledge = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="How many one brings oneself."
    )
    pledges = PledgeSerializer(
        source="shown_pledges",
        many=True,
        read_only=True,
        help_text="The first 50, for those who go there or run the event; else none.",
    )

    class Meta:
        model = EventResource
        fields: tuple[str, ...] = (
            "id",
            "event",
            "kind",
            "name",
            "description",
            "needed",
            "pledged",
            "offered_by",
            "offered_by_name",
            "my_pledge",
            "pledges",
        )
        read_only_fields: tuple[str, ...] = ("event", "kind", "pledged", "offered_by")


class NewResourceSerializer(serializers.Serializer[Any]):
    """A thing that organizers ask for, or a ride that a participant offers."""

    kind = serializers.ChoiceField(EventResource.Kind.choices, default=EventResource.Kind.ITEM)
    name = LineField(max_length=120)
    description = LineField(max_length=500, required=False, allow_blank=True)
    needed = serializers.IntegerField(
        min_value=1, max_value=MOST_NEEDED, help_text="Of a ride: its free seats."
    )


class QuantitySerializer(serializers.Serializer[Any]):
    """How many; of a ride, one seat."""

    quantity = serializers.IntegerField(min_value=1, max_value=MOST_NEEDED, default=1)
"""Which columns tables of events and participants have."""








class EventTable(resources.ModelResource):
    category = Field("category__slug", "category")
    organizer = Field("organizer__email", "organizer")
    latitude = Field("latitude", "latitude", FloatWidget(coerce_to_string=False))
    longitude = Field("longitude", "longitude", FloatWidget(coerce_to_string=False))

    class Meta:
        model = Event
        fields = (
            "id",
            "title",
            "status",
            "category",
            "organizer",
            "city",
            "address",
            "latitude",
            "longitude",
            "starts_at",
            "ends_at",
            "time_zone",
            "capacity",
            "seats_taken",
            "cancel_reason",
        )
        export_order = fields


class ParticipantTable(resources.ModelResource):
    event = Field("event_id", "event")
    title = Field("event__title", "title")
    email = Field("user__email", "email")
    first_name = Field("user__first_name", "first_name")
    last_name = Field("user__last_name", "last_name")

    class Meta:
        model = EventParticipant
        fields = (
            "event",
            "title",
            "email",
            "first_name",
            "last_name",
            "status",
            "joined_at",
            "checked_in_at",
            "checked_out_at",
        )
        export_order = fields
