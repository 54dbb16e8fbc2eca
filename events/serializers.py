"""The shape of events and participants in JSON."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.api import ModelSerializer
from events.models import Event, EventCategory, EventParticipant
from users.models import User

LARGEST_ID = 2**63 - 1
NEW_STATUSES = [Event.Status.PUBLISHED, Event.Status.DRAFT]


class CoOrganizersField(serializers.ListField):
    """Ids of active people, looked up in one query whatever their number."""

    default_error_messages = {"unknown": _("There is nobody with the id {id}.")}

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
        super().__init__(child=child, max_length=Event.MAX_CO_ORGANIZERS, **kwargs)

    def to_internal_value(self, data: Any) -> list[User]:
        ids = super().to_internal_value(data)
        people = User.objects.filter(is_active=True).in_bulk(ids)
        for pk in ids:
            if pk not in people:
                self.fail("unknown", id=pk)
        return list(people.values())

    def to_representation(self, data: Any) -> list[int]:
        people: Iterable[User] = data.all()
        return sorted(person.pk for person in people)


class EventSerializer(ModelSerializer):
    """An event as everyone sees it; what is not said about it when it is edited stays."""

    co_organizers = CoOrganizersField(required=False)
    seats_left = serializers.IntegerField(read_only=True)

    class Meta:
        model = Event
        fields: tuple[str, ...] = (
            "id",
            "title",
            "description",
            "category",
            "organizer",
            "co_organizers",
            "address",
            "city",
            "latitude",
            "longitude",
            "starts_at",
            "ends_at",
            "time_zone",
            "capacity",
            "seats_left",
            "waitlist_enabled",
            "signup_closes_at",
            "leave_closes_at",
            "min_age",
            "status",
            "cancel_reason",
            "series",
            "waiver_version",
        )
        read_only_fields: tuple[str, ...] = (
            "organizer",
            "status",
            "cancel_reason",
            "series",
            "waiver_version",
        )

    def validate_category(self, category: EventCategory) -> EventCategory:
        kept = self.instance is not None and self.instance.category_id == category.pk
        if not category.is_active and not kept:
            raise serializers.ValidationError(_("This category is no longer used."), "inactive")
        return category


class NewEventSerializer(EventSerializer):
    """An event to create: published at once unless it is said to be a draft."""

    status = serializers.ChoiceField(choices=NEW_STATUSES, default=Event.Status.PUBLISHED)

    class Meta(EventSerializer.Meta):
        read_only_fields = ("organizer", "cancel_reason", "series", "waiver_version")


class ParticipantSerializer(ModelSerializer):
    """A person's place at an event; needs rows of `with_position` and `with_waiver`."""

    name = serializers.CharField(source="user.name", read_only=True)
    position = serializers.IntegerField(
        read_only=True, allow_null=True, help_text="Place on the waiting list, from 1."
    )
    waiver_missing = serializers.BooleanField(
        read_only=True, help_text="The event has a waiver that they did not accept yet."
    )
    no_photos = serializers.BooleanField(
        read_only=True, help_text="Photos must not show them: they said so, or are under age."
    )

    class Meta:
        model = EventParticipant
        fields = (
            "id",
            "event",
            "user",
            "name",
            "status",
            "position",
            "checked_in_at",
            "checked_out_at",
            "waiver_missing",
            "no_photos",
        )
        read_only_fields = fields
