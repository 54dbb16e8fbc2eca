"""What persons did at an event: they say it, organizers decide what they are credited with."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import rules
from events.models import Event, EventParticipant, EventReport, ReportContribution
from events.services import reports
from events.services.attendance import NotCheckedIn
from users.models import User

Status = ReportContribution.Status


class ContributionDecided(DomainError):
    code = "contribution_decided"
    message = _("This was decided already; organizers may decide it again.")


class ContributionsExceedFigure(DomainError):
    code = "contributions_exceed_figure"
    message = _("Together people would be credited with more than the report says was done.")

    def __init__(self) -> None:
        super().__init__(attr="amount")


@transaction.atomic
def add_contribution(
    event: Event, user: User, *, kind: str, amount: Decimal, by: User
) -> ReportContribution:
    """Note what a person who was there did; what an organizer notes is approved with it.

    Said again before it is decided, it replaces what was said before.
    """
    report = reports.lock(event)
    if not event.participants.filter(user=user, checked_in_at__isnull=False).exists():
        raise NotCheckedIn
    contribution = report.contributions.filter(user=user, kind=kind).first()
    contribution = contribution or ReportContribution(report=report, user=user, kind=kind)
    if contribution.status != Status.PENDING:
        raise ContributionDecided
    contribution.amount = amount
    contribution.save()
    if rules.may_manage(by, report.event):
        _credit(report, contribution, amount, status=Status.APPROVED, decided_by=by)
    return contribution


@transaction.atomic
def approve_contribution(contribution: ReportContribution, *, by: User) -> ReportContribution:
    """Credit a person with what they said."""
    report, contribution = _lock(contribution)
    _credit(report, contribution, contribution.amount, status=Status.APPROVED, decided_by=by)
    return contribution


@transaction.atomic
def adjust_contribution(
    contribution: ReportContribution, *, amount: Decimal, by: User, reason: str = ""
) -> ReportContribution:
    """Credit a person with another amount than they said."""
    report, contribution = _lock(contribution)
    _credit(report, contribution, amount, status=Status.ADJUSTED, decided_by=by, reason=reason)
    return contribution


@transaction.atomic
def reject_contribution(
    contribution: ReportContribution, *, by: User, reason: str
) -> ReportContribution:
    """Credit a person with nothing of it, and say why."""
    report, contribution = _lock(contribution)
    _decide(report, contribution, status=Status.REJECTED, decided_by=by, reason=reason)
    return contribution


def withdraw(event: Event, participant: EventParticipant, *, reason: str) -> None:
    """Reject what somebody said they did who was not there; the caller holds the event's lock."""
    said = ReportContribution.objects.filter(report__event=event, user=participant.user_id)
    for contribution in said.exclude(status=Status.REJECTED).select_related("report"):
        _decide(contribution.report, contribution, status=Status.REJECTED, reason=reason)


def _lock(contribution: ReportContribution) -> tuple[EventReport, ReportContribution]:
    """Give both as they are now, with the lock of the event."""
    report = reports.lock(contribution.report.event)
    return report, report.contributions.select_related("user").get(pk=contribution.pk)


def _credit(
    report: EventReport, contribution: ReportContribution, amount: Decimal, **decision: Any
) -> None:
    """Approve so much of it, if the figure of the report holds it beside all others."""
    others = report.contributions.counted().exclude(pk=contribution.pk)
    credited = others.filter(kind=contribution.kind).aggregate(
        sum=Sum("approved_amount", default=Decimal(0))
    )["sum"]
    figure = report.figures.filter(kind=contribution.kind).first()
    if credited + amount > (figure.amount if figure else 0):
        raise ContributionsExceedFigure
    _decide(report, contribution, approved_amount=amount, **decision)


def _decide(report: EventReport, contribution: ReportContribution, **decision: Any) -> None:
    decision = {"approved_amount": None, "reason": "", "decided_by": None, **decision}
    for name, value in {**decision, "decided_at": timezone.now()}.items():
        setattr(contribution, name, value)
    contribution.save(update_fields=["status", "decided_at", *decision])
    if report.status == EventReport.Status.APPROVED:
        reports.counts_changed(report)
