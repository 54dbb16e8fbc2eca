"""Reports of events and what persons did: to be read, and decided."""

from typing import ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config.admin import waiting
from config.admin.commands import ask_about_many, ask_about_one, run
from config.admin.filters import WaitsFilter
from config.admin.lists import PartsInline, ReadOnly, ReadOnlyAdmin
from events.admin import report_commands as commands
from events.admin.photos import as_image
from events.models import EventReport, ReportContribution, ReportFigure

Status = EventReport.Status
LABELS = {
    "draft": "default",
    "submitted": "warning",
    "pending": "warning",
    "approved": "success",
    "adjusted": "info",
    "returned": "danger",
    "rejected": "danger",
}
OFFERED = {Status.SUBMITTED: {"approve", "return"}, Status.APPROVED: {"return"}}


class FigureInline(PartsInline):
    model = ReportFigure
    fields = ["kind", "amount", "unit", "attributed"]
    readonly_fields: ClassVar[list[str]] = ["unit", "attributed"]

    @display(description=_("unit"))
    def unit(self, figure: ReportFigure) -> str:
        return figure.unit


class ContributionInline(ReadOnly, TabularInline):
    model = ReportContribution
    fields = ["user", "kind", "amount", "status", "approved_amount", "reason"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReportContribution]:
        return super().get_queryset(request).select_related("user").order_by("status", "pk")


@admin.register(EventReport)
class EventReportAdmin(ReadOnlyAdmin):
    list_display = ["event", "state", "submitted_at", "submitted_by", "decided_at", "decided_by"]
    list_filter = [WaitsFilter, "status", "event__category"]
    list_select_related = ["event", "submitted_by", "decided_by"]
    list_per_page = 50
    search_fields = ["event__title", "event__city"]
    ordering = ["-submitted_at", "-pk"]
    actions = ["approve_selected", "return_selected"]
    actions_detail: ClassVar[list[str]] = ["approve", "return_to_organizers"]
    inlines = [FigureInline, ContributionInline]
    readonly_fields: ClassVar[list[str]] = ["pictures"]
    fields = [
        "event",
        "status",
        "summary",
        "pictures",
        "return_reason",
        ("submitted_at", "submitted_by"),
        ("decided_at", "decided_by"),
    ]

    def has_decide_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("events.change_eventreport")

    @display(description=_("photos"))
    def pictures(self, report: EventReport) -> SafeString:
        """What was removed since has no file."""
        photos = report.photos.exclude(thumbnail="").order_by("pk")
        images = ((as_image(photo.thumbnail.url, photo, 96),) for photo in photos)
        return format_html_join(" ", "{}", images)

    @display(description=_("status"), ordering="status", label=LABELS)
    def state(self, report: EventReport) -> tuple[str, str]:
        return report.status, report.get_status_display()

    @admin.action(description=commands.APPROVE_SELECTED, permissions=["decide"])
    def approve_selected(
        self, request: HttpRequest, reports: QuerySet[EventReport]
    ) -> HttpResponse:
        return ask_about_many(self, request, reports, commands.APPROVE)

    @admin.action(description=commands.RETURN_SELECTED, permissions=["decide"])
    def return_selected(self, request: HttpRequest, reports: QuerySet[EventReport]) -> HttpResponse:
        return ask_about_many(self, request, reports, commands.RETURN)

    @action(
        description=commands.APPROVE.button,
        permissions=["decide"],
        icon="check_circle",
        url_path="approve",
    )
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.APPROVE)

    @action(
        description=commands.RETURN.button, permissions=["decide"], icon="undo", url_path="return"
    )
    def return_to_organizers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.RETURN)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer only what the status allows."""
        report = self.get_object(request, unquote(object_id))
        offered = OFFERED.get(Status(report.status), set()) if report else set()
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path in offered]


@admin.register(ReportContribution)
class ReportContributionAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "amount", "state", "approved_amount", "event", "created_at"]
    list_filter = [WaitsFilter, "status", "kind"]
    list_select_related = ["user", "report__event"]
    list_per_page = 50
    search_fields = ["user__email", "user__first_name__unaccent", "report__event__title"]
    ordering = ["-created_at", "-pk"]
    actions = ["approve", "reject"]
    fields = [
        "report",
        "user",
        "kind",
        "amount",
        "status",
        "approved_amount",
        "reason",
        "created_at",
        ("decided_at", "decided_by"),
    ]

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_reportcontribution")

    @display(description=_("status"), ordering="status", label=LABELS)
    def state(self, contribution: ReportContribution) -> tuple[str, str]:
        return contribution.status, contribution.get_status_display()

    @display(description=_("event"))
    def event(self, contribution: ReportContribution) -> str:
        return str(contribution.report.event)

    @admin.action(description=commands.APPROVE_CONTRIBUTION.button, permissions=["decide"])
    def approve(self, request: HttpRequest, said: QuerySet[ReportContribution]) -> None:
        run(self, request, said, commands.APPROVE_CONTRIBUTION, {})

    @admin.action(description=commands.REJECT_CONTRIBUTION.button, permissions=["decide"])
    def reject(self, request: HttpRequest, said: QuerySet[ReportContribution]) -> HttpResponse:
        return ask_about_many(self, request, said, commands.REJECT_CONTRIBUTION)


waiting.register(_("Reports"), EventReport.objects.waiting_for_decision, "waits=yes")
waiting.register(
    _("Contributions to reports"), ReportContribution.objects.waiting_for_decision, "waits=yes"
)
