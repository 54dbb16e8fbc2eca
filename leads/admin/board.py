"""The pipeline: a column for each stage, and buttons that move a lead on."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from config.admin.commands import run
from leads.admin import commands
from leads.models import Lead
from leads.models.people import LeadQuerySet
from leads.services import stages

Stage = Lead.Stage
# So many of a column are shown, those first that came there last; the list has them all.
SHOWN = 30


def board(page: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Show the leads by stage; a button that was pressed calls the service and comes back."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    if request.method == "POST":
        _move(page, request)
        return HttpResponseRedirect(request.get_full_path())
    is_mine = request.GET.get("mine") == "1"
    leads = Lead.objects.current().select_related("assigned_to")
    shown = leads.filter(assigned_to=request.user.pk) if is_mine else leads
    context = {
        **page.admin_site.each_context(request),
        "title": _("Pipeline"),
        "opts": page.opts,
        "media": page.media,
        "columns": _columns(shown, may_move=page.has_change_permission(request)),
        "is_mine": is_mine,
        "list": reverse("admin:leads_lead_changelist"),
    }
    return TemplateResponse(request, "admin/leads/board.html", context)


def _move(page: ModelAdmin, request: HttpRequest) -> None:
    """What needs no reason; who is lost, or becomes a volunteer, is asked about on a page."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    pk, _colon, stage = request.POST.get("move", "").partition(":")
    command = commands.STEPS.get(stage)  # type: ignore[call-overload]
    if command is None or not pk.isdecimal():
        raise PermissionDenied
    lead = get_object_or_404(Lead.objects.current(), pk=pk)
    run(page, request, [lead], command, {})


def _columns(leads: LeadQuerySet, *, may_move: bool) -> list[dict[str, Any]]:
    numbers = dict(leads.order_by().values_list("stage").annotate(Count("pk")))
    return [
        {
            "stage": stage.value,
            "title": stage.label,
            "count": numbers.get(stage, 0),
            "cards": [
                _card(lead, may_move)
                for lead in leads.filter(stage=stage).order_by("-stage_changed_at", "-pk")[:SHOWN]
            ],
        }
        for stage in Stage
    ]


def _card(lead: Lead, may_move: bool) -> dict[str, Any]:
    steps = stages.TRANSITIONS[lead.stage] if may_move else ()
    page = reverse("admin:leads_lead_change", args=[lead.pk])
    return {
        "lead": lead,
        "page": page,
        "steps": [
            {"value": f"{lead.pk}:{stage}", "title": commands.STEPS[stage].button}  # type: ignore[index]
            for stage in steps
            if stage != Stage.LOST
        ],
        "lose": reverse("admin:leads_lead_lose", args=[lead.pk]) if Stage.LOST in steps else "",
        "convert": reverse("admin:leads_lead_convert", args=[lead.pk])
        if may_move and not lead.user_id
        else "",
    }
