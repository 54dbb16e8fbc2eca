"""What people gave, as lines of the ledger."""

from itertools import count

from users import services
from users.models import Contribution

NUMBERS = count(1)


def give(user, moment, *, source=None, **fields):
    """Record a line; what follows from it by task is left to the test."""
    source = source or f"event:{next(NUMBERS)}:user:{user.pk}:1"
    line = Contribution(
        user=user, source=source, happened_at=moment, **{"kind": "hours", "amount": 2, **fields}
    )
    services.record_contributions([line])
    return Contribution.objects.get(source=source)


def attend(user, *moments, **fields):
    return [give(user, moment, **fields) for moment in moments]
