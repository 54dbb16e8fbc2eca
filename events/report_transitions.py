"""How the status of a report may change: from where, to where and by whom."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import rules
from events.models import Event, EventReport
from users.models import User

Status = EventReport.Status


class WrongReportStatus(DomainError):
    code = "wrong_report_status"
    message = _("The status of the report does not allow this.")


@dataclass(frozen=True)
class ReportTransition:
    """One allowed change of status; `apply` changes the report, whose event the caller locked."""

    sources: tuple[EventReport.Status, ...]
    target: EventReport.Status
    who: Callable[[User, Event], bool]

    def apply(self, report: EventReport, **facts: Any) -> bool:
        """Change the status and say so; False if it was changed before, as a retry finds it."""
        if report.status == self.target:
            return False
        if report.status not in self.sources:
            raise WrongReportStatus
        for name, value in {"status": self.target, **facts}.items():
            setattr(report, name, value)
        report.save(update_fields=["status", *facts])
        return True


SUBMIT = ReportTransition((Status.DRAFT, Status.RETURNED), Status.SUBMITTED, rules.may_manage)
APPROVE = ReportTransition((Status.SUBMITTED,), Status.APPROVED, rules.may_decide_reports)
RETURN = ReportTransition(
    (Status.SUBMITTED, Status.APPROVED), Status.RETURNED, rules.may_decide_reports
)
# What organizers change after the approval waits for it again.
REOPEN = ReportTransition((Status.APPROVED,), Status.DRAFT, rules.may_manage)
ALL = (SUBMIT, APPROVE, RETURN, REOPEN)
