"""Another person becomes the organizer of an event."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event
from events.services import seats, series_edits
from users import services as users
from users.models import User


class OrganizerUnconfirmed(DomainError):
    code = "organizer_unconfirmed"
    message = _("This person has not confirmed the e-mail address yet.")

    def __init__(self) -> None:
        super().__init__(attr="organizer")


class HandedOver(DomainError):
    code = "handed_over"
    message = _("Meanwhile the event was handed over to somebody else.")


@transaction.atomic
def hand_over(event: Event, to: User) -> Event:
    """Make somebody else the organizer; who was it is so no more, and the history tells.

    The lock of the person keeps it apart from the end of their account; who asked is
    believed as long as the organizer is the one that they saw.
    """
    return _give(event, _lock_receiver(to))


@transaction.atomic
def hand_over_series(event: Event, to: User) -> Event:
    """Give away the event with its series: what is to come, and what is made later.

    Events of the series that are somebody else's by now stay theirs.
    """
    to = _lock_receiver(to)
    series = series_edits.lock_series(event)
    series.organizer = to
    helpers = [pk for pk in series.plan["co_organizers"] if pk != to.pk]
    series.plan = {**series.plan, "co_organizers": helpers}
    series.save(update_fields=["organizer", "plan"])
    to_come = series.events.filter(ends_at__gt=timezone.now(), organizer=event.organizer_id)
    for occurrence in (to_come | series.events.filter(pk=event.pk)).order_by("pk"):
        _give(occurrence, to)
    event.refresh_from_db()
    return event


def _lock_receiver(to: User) -> User:
    to = users.lock_account(to)
    if not to.email_confirmed_at:
        raise OrganizerUnconfirmed
    return to


def _give(event: Event, to: User) -> Event:
    seen, event = event.organizer_id, seats.lock(event)
    if event.organizer_id == to.pk:
        return event
    if event.organizer_id != seen:
        raise HandedOver
    event.co_organizers.remove(to)
    event.organizer = to
    event.save(update_fields=["organizer", "updated_at"])
    transaction.on_commit(caching.events_changed)
    return event
