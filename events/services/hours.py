"""The hours that visits make, for the ledger."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from events import caching
from events.models import Event, EventParticipant
from users import services as users
from users.models import Contribution

LONGEST_VISIT = timedelta(hours=24)


def close_visits(event: Event, moment: datetime) -> None:
    """Check out, at that moment, everyone who did not do it; the caller holds the event's lock."""
    present = event.participants.exclude(checked_in_at=None).filter(checked_out_at=None)
    ids = list(present.values_list("pk", flat=True))
    present.update(checked_out_at=Greatest(moment, F("checked_in_at")))
    closed = event.participants.filter(pk__in=ids)
    users.record_contributions([line(event, participant) for participant in closed])
    transaction.on_commit(caching.impact_changed)


def line(event: Event, participant: EventParticipant) -> Contribution:
    """The line of the ledger for a visit: the time between coming and going."""
    spent = min(participant.checked_out_at - participant.checked_in_at, LONGEST_VISIT)  # type: ignore[operator]
    return Contribution(
        user_id=participant.user_id,
        kind=Contribution.Kind.HOURS,
        amount=round(Decimal(spent.total_seconds()) / 3600, 2),
        category=event.category.slug,
        source=participant.contribution_source,
        happened_at=event.starts_at,
    )
