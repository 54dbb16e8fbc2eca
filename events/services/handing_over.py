"""Another person becomes the organizer of an event."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event
from events.services import seats
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
    to = users.lock_account(to)
    seen, event = event.organizer_id, seats.lock(event)
    if event.organizer_id == to.pk:
        return event
    if event.organizer_id != seen:
        raise HandedOver
    if not to.email_confirmed_at:
        raise OrganizerUnconfirmed
    event.co_organizers.remove(to)
    event.organizer = to
    event.save(update_fields=["organizer", "updated_at"])
    transaction.on_commit(caching.events_changed)
    return event
