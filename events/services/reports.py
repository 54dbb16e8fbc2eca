"""Reports of events that are over: organizers write them, staff approve or return them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching, report_transitions, rules, tasks, transitions
from events.models import Event, EventNotification, EventPhoto, EventReport, ReportFigure
from events.services import notifications, seats
from users.models import User

Kind = EventNotification.Kind
Status = EventReport.Status
TOOK_PLACE = (Event.Status.PUBLISHED, Event.Status.FINISHED, Event.Status.ARCHIVED)


class FigureBelowContributions(DomainError):
    code = "figure_below_contributions"
    message = _("People were credited with more than this already.")


class ReportIncomplete(DomainError):
    code = "report_incomplete"
    message = _("Fill in every figure of this category first, with 0 for none.")

    def __init__(self) -> None:
        super().__init__(attr="figures")


def lock(event: Event) -> EventReport:
    """Give the report of an event that is over, made if it is the first time anyone asks.

    The lock is that of the event: who came, the figures and what persons are credited with
    all change in one queue.
    """
    event = seats.lock(event)
    if event.status not in TOOK_PLACE:
        raise transitions.WrongStatus
    transitions.is_over(event)
    report, _ = EventReport.objects.get_or_create(event=event)
    report.event = event
    return report


@transaction.atomic
def save_report(
    event: Event,
    *,
    by: User,
    summary: str | None = None,
    figures: Mapping[str, Decimal] | None = None,
    photos: Iterable[EventPhoto] | None = None,
) -> EventReport:
    """Write what came of an event; what is not said about it stays.

    An approved report that organizers change takes its numbers back and waits for its
    approval again; a change by who may approve it is approved with it.
    """
    report = lock(event)
    _open(report, by)
    if summary is not None:
        report.summary = summary
        report.save(update_fields=["summary"])
    if figures is not None:
        _set_figures(report, figures)
    if photos is not None:
        report.photos.set(photos)
    return report


def _open(report: EventReport, by: User) -> None:
    """Make it one that may be written."""
    if report.status == Status.SUBMITTED:
        raise report_transitions.WrongReportStatus
    if report.status == Status.APPROVED:
        if not rules.may_decide_reports(by, report.event):
            report_transitions.REOPEN.apply(report)
        counts_changed(report)


def _set_figures(report: EventReport, figures: Mapping[str, Decimal]) -> None:
    for kind, credited in report.contributions.sums().items():
        if figures.get(kind, Decimal(0)) < credited:
            raise FigureBelowContributions(attr=f"figures.{kind}")
    report.figures.exclude(kind__in=figures).delete()
    report.figures.bulk_create(
        [ReportFigure(report=report, kind=kind, amount=figures[kind]) for kind in figures],
        update_conflicts=True,
        unique_fields=["report", "kind"],
        update_fields=["amount"],
    )


@transaction.atomic
def submit_report(event: Event, *, by: User) -> EventReport:
    """Hand a complete report in, to be approved or returned."""
    report = lock(event)
    if report_transitions.SUBMIT.apply(report, submitted_at=timezone.now(), submitted_by=by):
        missing = set(report.event.category.metrics) - set(
            report.figures.values_list("kind", flat=True)
        )
        if missing:
            raise ReportIncomplete
    return report


@transaction.atomic
def approve_report(report: EventReport, *, by: User) -> EventReport:
    """Let the figures count, and what persons did go to the ledger."""
    report = lock(report.event)
    facts = {"decided_at": timezone.now(), "decided_by": by, "return_reason": ""}
    if report_transitions.APPROVE.apply(report, **facts):
        counts_changed(report)
    return report


@transaction.atomic
def return_report(report: EventReport, *, by: User, reason: str) -> EventReport:
    """Give it back to the organizers, who are told why; what the ledger has is taken back."""
    report = lock(report.event)
    now = timezone.now()
    facts = {"decided_at": now, "decided_by": by, "return_reason": reason}
    did_count = report.status == Status.APPROVED
    if report_transitions.RETURN.apply(report, **facts):
        this_event = Event.objects.filter(pk=report.event_id)
        notifications.tell_organizers(
            Kind.REPORT_RETURNED, this_event, version=now.isoformat(), reason=reason
        )
        if did_count:
            counts_changed(report)
    return report


def counts_changed(report: EventReport) -> None:
    """Note that the ledger does not follow the report any more; the caller holds the lock."""
    EventReport.objects.filter(pk=report.pk).update(version=F("version") + 1)
    report.refresh_from_db(fields=["version"])
    tasks.process_event_report_statistics.delay_on_commit(report.pk)
    transaction.on_commit(caching.impact_changed)
