"""Series of events for tests."""

from datetime import timedelta

from django.utils import timezone

from events import services
from tests.factories import CategoryFactory


def series_of(
    organizer, rule="FREQ=WEEKLY;COUNT=3", *, starts_at=None, hours=2, waiver="", **fields
):
    """An ordinary series, from a week from now on; `fields` are those of its first event."""
    starts_at = starts_at or timezone.now() + timedelta(days=7)
    defaults = {
        "title": "Rega",
        "category": CategoryFactory(),
        "city": "Santos",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=hours),
        "capacity": 5,
    }
    return services.start_series(organizer, {**defaults, **fields}, rule=rule, waiver=waiver)
