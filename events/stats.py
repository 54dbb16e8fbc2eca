"""What came of an event, in numbers that name nobody."""

from typing import Any

from django.db.models import Count, Q, Sum

from events.models import Event, EventParticipant, ReportFigure
from users.models import Contribution

Status = EventParticipant.Status


def of(event: Event) -> dict[str, Any]:
    """Count the participants by what became of them, and the hours that the ledger holds."""
    by_status = {status.value: Count("pk", filter=Q(status=status)) for status in Status}
    counts = event.participants.aggregate(
        **by_status, checked_in=Count("checked_in_at"), checked_out=Count("checked_out_at")
    )
    lines = Contribution.objects.filter(
        kind=Contribution.Kind.HOURS, source__startswith=f"event:{event.pk}:"
    )
    figures = ReportFigure.objects.counted().filter(report__event=event)
    expected = counts["confirmed"] + counts["no_show"]
    rate = round(counts["checked_in"] / expected, 4) if expected and event.has_started else None
    return {
        "event": event.pk,
        "capacity": event.capacity,
        **counts,
        "attendance_rate": rate,
        "hours": lines.aggregate(hours=Sum("amount", default=0))["hours"],
        "figures": dict(figures.values_list("kind", "amount")),
    }
