"""What becomes of events when a person's data is erased."""

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import (
    CalendarFeed,
    Certificate,
    CommentFlag,
    Event,
    EventParticipant,
    EventReport,
)
from events.querysets import EventQuerySet
from events.services import seats
from users import erasing
from users.models import User

SHOWN = 10
# In the place of a text that may not be empty.
EMPTIED = "—"


class OrganizesEvents(DomainError):
    """Says which, so that they can be handed over or cancelled first."""

    code = "organizes_events"
    message: str | Promise = _(
        "Events that you organize are still to come. Hand over or cancel first: %(events)s"
    )

    def __init__(self, events: list[Event]) -> None:
        super().__init__()
        self.message = self.message % {"events": "; ".join(map(str, events))}


def register() -> None:
    erasing.register(check=check_organizes_nothing, forget=forget)


def check_organizes_nothing(user: User) -> None:
    """Refuse who has events to come, published or not: others may count on them."""
    events = _to_come().filter(organizer=user).order_by("starts_at", "pk")[:SHOWN]
    if events:
        raise OrganizesEvents(list(events))


def forget(user: User) -> None:
    """Give the seats of coming events to who waits, and delete what only they could use.

    What was, stays: the participations with their hours, the events they organized, and the
    photos that were shown, without a word of theirs.
    """
    _leave_events(user)
    _empty_texts(user)
    user.event_notifications.all().delete()
    user.digests.all().delete()
    CalendarFeed.objects.filter(user=user).delete()
    Certificate.objects.filter(participant__user=user).delete()


def _empty_texts(user: User) -> None:
    """Empty what they wrote, and what staff wrote of it to them."""
    for rows in (user.event_photos.all(), user.event_comments.all(), user.rides.all()):
        _unname(rows)
    user.event_comments.update(text=EMPTIED, deleted_at=timezone.now())
    CommentFlag.objects.filter(user=user).update(reason=EMPTIED)
    user.photo_flags.update(note="")
    user.event_photos.update(caption="")
    user.event_photos.exclude(reason="").update(reason=EMPTIED)
    user.report_contributions.exclude(reason="").update(reason=EMPTIED)
    user.rides.update(name=EMPTIED, description="")
    # What others organized as well is theirs, too.
    alone = EventReport.objects.filter(event__organizer=user, event__co_organizers=None)
    alone.update(summary="")


def _unname(rows: QuerySet[Any]) -> None:
    """Take the texts of these rows out of what the admin's log says of them."""
    entries = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(rows.model),
        object_id__in=rows.values_list(Cast("pk", CharField())),
    )
    entries.update(object_repr=Concat(Value("#"), "object_id"), change_message="")


def _leave_events(user: User) -> None:
    """Leave what is to come, whatever its deadline says; events are locked in their order."""
    places = user.participations.active().filter(checked_in_at=None).values("event")
    helped = user.co_organized_events.values("pk")
    left = _to_come().filter(pk__in=places.union(helped)).order_by("pk")
    for pk in list(left.values_list("pk", flat=True)):
        event = seats.lock(Event(pk=pk))
        event.co_organizers.remove(user)
        # Who rode with them is told without its name.
        event.resources.filter(offered_by=user).update(name=EMPTIED)
        for place in event.participants.active().filter(user=user, checked_in_at=None):
            seats.vacate(event, place, EventParticipant.Status.LEFT)
    transaction.on_commit(caching.events_changed)


def _to_come() -> EventQuerySet:
    return Event.objects.upcoming().filter(status__in=("draft", "published"))
