"""Waivers: each version of the text, and who accepted it."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin.lists import ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab, has_object
from events.models import Waiver, WaiverAcceptance


class AcceptancesOfWaiver(RowsOfObject):
    """Who accepted this version, and when."""

    list_display = ["person", "accepted_at"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[WaiverAcceptance]:
        accepted = WaiverAcceptance.objects.filter(waiver=self.object_id)
        return accepted.select_related("user").order_by("pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_waiver")

    @display(description=_("person"), header=True)
    def person(self, acceptance: WaiverAcceptance) -> list[str]:
        return [acceptance.user.name, acceptance.user.email]


class AcceptancesTab(Tab):
    model = WaiverAcceptance
    model_admin = AcceptancesOfWaiver
    title = _("Acceptances")


@admin.register(Waiver)
class WaiverAdmin(ReadOnlyAdmin):
    """Proof of what people declared: nobody edits it, here or elsewhere."""

    list_display = ["event", "version", "counts", "accepted", "created_by", "created_at"]
    list_select_related = ["event", "created_by"]
    list_per_page = 50
    search_fields = ["event__title", "text"]
    ordering = ["-created_at", "-pk"]
    fields = ["event", "version", "counts", "accepted", "text", "created_by", "created_at"]
    readonly_fields = ["counts", "accepted"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Waiver]:
        return super().get_queryset(request).annotate(number=Count("acceptances"))

    def get_changeform_datasets(self, request: HttpRequest) -> list[type[Tab]]:
        return [AcceptancesTab] if has_object(request) else []

    @display(description=_("counts now"), boolean=True)
    def counts(self, waiver: Waiver) -> bool:
        return waiver.version == waiver.event.waiver_version

    @display(description=_("accepted"), ordering="number")
    def accepted(self, waiver: Waiver) -> int:
        return waiver.number  # type: ignore[attr-defined]
