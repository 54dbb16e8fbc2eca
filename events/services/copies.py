"""Events after the model of others."""

from datetime import datetime
from typing import Any

from django.db import transaction

from events.models import Event, EventResource
from events.services import editing, waivers
from users.models import User

# What is the same at every event made after the model of another.
LIKE = (
    "title",
    "description",
    "address",
    "city",
    "latitude",
    "longitude",
    "capacity",
    "waitlist_enabled",
    "min_age",
    "photos_need_approval",
)
# Moments that keep their distance from the start.
DEADLINES = ("signup_closes_at", "leave_closes_at")


@transaction.atomic
def copy(event: Event, *, starts_at: datetime, by: User) -> Event:
    """Make a draft like this event at another time: the same organizers and needs, nobody in it.

    If its organizer is here no more, it is of who copies it.
    """
    organizer = event.organizer if event.organizer.is_active else by
    draft = editing.create(
        organizer,
        {
            **_like(event, starts_at),
            "co_organizers": list(
                event.co_organizers.filter(is_active=True).exclude(pk=organizer.pk)
            ),
            "status": Event.Status.DRAFT,
        },
    )
    waivers.copy_waiver(event, draft)
    EventResource.objects.bulk_create(
        EventResource(event=draft, name=one.name, description=one.description, needed=one.needed)
        for one in event.resources.filter(kind=EventResource.Kind.ITEM).order_by("pk")
    )
    return draft


def _like(event: Event, starts_at: datetime) -> dict[str, Any]:
    """The columns of an event like this one that starts then."""
    later = starts_at - event.starts_at
    same = ("category", "time_zone", *LIKE)
    fields: dict[str, Any] = {name: getattr(event, name) for name in same}
    for name in ("ends_at", *DEADLINES):
        moment = getattr(event, name)
        fields[name] = moment and moment + later
    return {**fields, "starts_at": starts_at}
