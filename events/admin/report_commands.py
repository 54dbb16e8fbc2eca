"""What staff may do with reports, each through its service."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from config.admin.commands import Command, ReasonForm
from events import services
from events.admin.commands import acting_user
from events.models import EventReport, ImpactReport, ReportContribution


def _event_of(report: EventReport) -> str:
    return str(report.event)


def _who_and_what(contribution: ReportContribution) -> str:
    amount = f"{contribution.amount} {contribution.unit}".strip()
    kind = contribution.get_kind_display()
    return f"{contribution.user.name} <{contribution.user.email}>, {kind}: {amount}"


def _month_of(report: ImpactReport) -> str:
    return report.slug


APPROVE_SELECTED = _("Approve selected reports")
RETURN_SELECTED = _("Return selected reports")
APPROVE = Command(
    question=_("Approve this report?"),
    explanation=_("Its figures count for everyone to see, and people get what they did credited."),
    button=_("Approve"),
    done=ngettext_lazy(
        "%(count)d report was approved.", "%(count)d reports were approved.", "count"
    ),
    label=_event_of,
    act=lambda request, report, answers: services.approve_report(report, by=acting_user(request)),
)
RETURN = Command(
    question=_("Return this report?"),
    explanation=_("The organizers read the reason. What was credited is taken back."),
    button=_("Return"),
    done=ngettext_lazy(
        "%(count)d report was returned.", "%(count)d reports were returned.", "count"
    ),
    form_class=ReasonForm,
    variant="danger",
    label=_event_of,
    act=lambda request, report, answers: services.return_report(
        report, by=acting_user(request), reason=answers["reason"]
    ),
)
APPROVE_CONTRIBUTION = Command(
    question=_("Approve this contribution?"),
    button=_("Approve selected contributions"),
    done=ngettext_lazy(
        "%(count)d contribution was approved.", "%(count)d contributions were approved.", "count"
    ),
    label=_who_and_what,
    act=lambda request, contribution, answers: services.approve_contribution(
        contribution, by=acting_user(request)
    ),
)
REJECT_CONTRIBUTION = Command(
    question=_("Reject this contribution?"),
    button=_("Reject selected contributions"),
    done=ngettext_lazy(
        "%(count)d contribution was rejected.", "%(count)d contributions were rejected.", "count"
    ),
    form_class=ReasonForm,
    variant="danger",
    label=_who_and_what,
    act=lambda request, contribution, answers: services.reject_contribution(
        contribution, by=acting_user(request), reason=answers["reason"]
    ),
)
REMAKE = Command(
    question=_("Add this month up again?"),
    explanation=_("What was approved since then is counted too, and the file is replaced."),
    button=_("Add up again"),
    done=ngettext_lazy(
        "%(count)d month was added up again.", "%(count)d months were added up again.", "count"
    ),
    label=_month_of,
    act=lambda request, report, answers: services.remake_monthly_report(report),
)
