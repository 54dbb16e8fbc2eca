"""What staff write to the people of an event: each gets one copy, unless they switched it off."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q, Value
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events.models import Event, EventMail, EventNotification
from events.querysets import ParticipantQuerySet
from events.services.notifications import announce
from users.models import NotificationPreference, User

KIND = EventNotification.Kind.MESSAGE


class NobodyToWriteTo(DomainError):
    code = "nobody_to_write_to"
    message = _("None of these people can get this mail.")


@dataclass(frozen=True)
class Reach:
    """How many of the chosen people get a mail, and why the others do not."""

    get_it: int
    switched_off: int
    unconfirmed: int  # an address that nobody proved to be theirs gets no bulk mail
    gone: int  # they left, were absent, or their account is closed


def reachable(places: ParticipantQuerySet) -> ParticipantQuerySet:
    """The places whose people get what is written to them."""
    return places.filter(_is_here(), _is_proven()).filter(
        user__in=User.objects.wanting(NotificationPreference.Kind.NEWS)
    )


def reach(places: ParticipantQuerySet) -> Reach:
    """Count who gets it and who does not; each person counts once, for the first reason."""
    proven = places.filter(_is_here(), _is_proven())
    numbers = places.aggregate(
        gone=Count("pk", filter=~_is_here()),
        unconfirmed=Count("pk", filter=_is_here() & ~_is_proven()),
    )
    get_it = reachable(places).count()
    return Reach(get_it=get_it, switched_off=proven.count() - get_it, **numbers)


@transaction.atomic
def write_to(
    event: Event, places: ParticipantQuerySet, *, subject: str, text: str, by: User, token: UUID
) -> EventMail:
    """Write to the people at these places of the event; the same token again changes nothing.

    All rows are there with the commit; what a task then loses, the sweep of notifications finds.
    """
    facts = {"event": event, "subject": subject, "text": text, "written_by": by}
    mail, is_new = EventMail.objects.get_or_create(token=token, defaults=facts)
    if is_new:
        mine = reachable(places.filter(event=event))
        if not mine.exists():
            raise NobodyToWriteTo
        announce(KIND, mine, version=Value(f"mail:{mail.pk}"), mail=mail)
    return mail


def _is_here() -> Q:
    return Q(status__in=("confirmed", "waitlisted"), user__is_active=True)


def _is_proven() -> Q:
    return Q(user__email_confirmed_at__isnull=False)
