"""Which columns tables of events and participants have."""

from import_export import resources
from import_export.fields import Field
from import_export.widgets import FloatWidget

from events.models import Event, EventParticipant


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
