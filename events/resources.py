"""The shape of what an event needs and who brings it."""

from typing import Any

from rest_framework import serializers

from config.api import LineField, ModelSerializer
from events.models import EventResource, ResourcePledge
from events.models.resources import MOST_NEEDED


class PledgeSerializer(serializers.ModelSerializer[ResourcePledge]):
    """Who brings how many."""

    name = serializers.CharField(source="participant.user.public_name", read_only=True)

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
