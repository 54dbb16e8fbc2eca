"""The reports of months."""

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from config.admin.commands import ask_about_many, ask_about_one
from config.admin.lists import ReadOnlyAdmin
from events.admin import report_commands as commands
from events.impact import words
from events.models import ImpactReport

LINE = '<a href="{}" class="text-primary-600 underline">{}</a>'


@admin.register(ImpactReport)
class ImpactReportAdmin(ReadOnlyAdmin):
    list_display = ["name", "events", "people", "hours", "download", "generated_at"]
    ordering = ["-month"]
    actions = ["remake_selected"]
    actions_detail: ClassVar[list[str]] = ["remake"]
    fields = ["name", "events", "people", "visits", "hours", "done", "download", "generated_at"]
    readonly_fields = ["name", "events", "people", "visits", "hours", "done", "download"]

    def has_remake_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("events.change_impactreport")

    @display(description=_("month"), ordering="month")
    def name(self, report: ImpactReport) -> str:
        return words.month_name(report.month)

    @display(description=_("events"))
    def events(self, report: ImpactReport) -> str:
        return words.amount(report.figures["events"])

    @display(description=_("people"))
    def people(self, report: ImpactReport) -> str:
        return words.amount(report.figures["people"])

    @display(description=_("visits"))
    def visits(self, report: ImpactReport) -> str:
        return words.amount(report.figures["visits"])

    @display(description=_("hours"))
    def hours(self, report: ImpactReport) -> str:
        return words.amount(report.figures["hours"])

    @display(description=_("figures"))
    def done(self, report: ImpactReport) -> str:
        figures = report.figures["figures"].items()
        return " · ".join(f"{words.kind_name(k)}: {words.kind_amount(k, v)}" for k, v in figures)

    @display(description=_("file"))
    def download(self, report: ImpactReport) -> SafeString | str:
        if not report.pdf:
            return "–"
        return format_html(LINE, reverse("monthly-report-pdf", args=[report.slug]), "PDF")

    @admin.action(description=commands.REMAKE.button, permissions=["remake"])
    def remake_selected(
        self, request: HttpRequest, reports: QuerySet[ImpactReport]
    ) -> HttpResponse:
        return ask_about_many(self, request, reports, commands.REMAKE)

    @action(description=commands.REMAKE.button, permissions=["remake"], icon="calculate")
    def remake(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.REMAKE)
