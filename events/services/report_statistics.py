"""What an approved report says of persons, brought into the ledger."""

from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from events import caching
from events.models import EventReport
from events.services import seats
from users import services as users
from users.models import Contribution

SWEEP_SIZE = 200


@transaction.atomic
def process_report_statistics(report_id: int) -> None:
    """Make the ledger say what the report says now, once however often this runs.

    Lines that say something else are reversed, missing ones are added under the report's
    version; what is right already stays. All of it is one commit: killed before, the
    versions still differ and the beat task comes back; killed after, there is nothing to do.
    """
    report = EventReport.objects.select_related("event").filter(pk=report_id).first()
    if report is None:
        return
    event = seats.lock(report.event)
    report.refresh_from_db(fields=["status", "version", "processed_version"])
    if report.version == report.processed_version:
        return
    report.event = event
    users.record_contributions(_changes(report))
    _sum_up(report)
    report.processed_version = report.version
    report.save(update_fields=["processed_version"])
    transaction.on_commit(caching.impact_changed)


def unprocessed_reports() -> list[int]:
    """Ids of reports that the ledger does not follow yet."""
    return list(EventReport.objects.unprocessed().values_list("pk", flat=True)[:SWEEP_SIZE])


def _changes(report: EventReport) -> list[Contribution]:
    """Lines that make the ledger say what the report says: reversals, and new ones."""
    wanted = _credits(report)
    changes = []
    for line in _lines(report):
        if wanted.get((line.user_id, line.kind)) == line.amount:
            del wanted[line.user_id, line.kind]
        else:
            changes.append(users.reversal_of(line, reason=_("The report was changed.")))
    return changes + [
        Contribution(
            user_id=user_id,
            kind=kind,
            amount=amount,
            category=report.event.category.slug,
            source=f"{report.ledger_prefix}{kind}:user:{user_id}:{report.version}",
            happened_at=report.event.starts_at,
        )
        for (user_id, kind), amount in wanted.items()
    ]


def _lines(report: EventReport) -> list[Contribution]:
    """What the ledger holds of the report and nobody took back."""
    return list(
        Contribution.objects.filter(
            source__startswith=report.ledger_prefix, reverses=None, reversed_by=None
        )
    )


def _credits(report: EventReport) -> dict[tuple[int, str], Decimal]:
    """What each person is credited with, by kind: nothing unless the report is approved."""
    if report.status != EventReport.Status.APPROVED:
        return {}
    rows = report.contributions.counted().values_list("user_id", "kind", "approved_amount")
    return {(user_id, kind): amount for user_id, kind, amount in rows if amount}


def _sum_up(report: EventReport) -> None:
    """Note at each figure how much of it is credited to persons."""
    sums = report.contributions.sums() if report.status == EventReport.Status.APPROVED else {}
    for figure in report.figures.all():
        figure.attributed = sums.get(figure.kind, Decimal(0))
        figure.save(update_fields=["attributed"])
