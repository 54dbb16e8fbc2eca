"""Leads: the list, and the page of each with all that is known of them."""

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config.admin import search
from config.admin.commands import ask_about_many, ask_about_one
from config.admin.filters import DayRangeFilter
from config.admin.tabs import Tab, has_object
from config.formats import OrjsonRenderer
from leads import exports
from leads.admin import board, commands
from leads.admin.bulk import WritesToMany
from leads.admin.finding import CampaignFilter, LeadForm, OptedOutFilter, by_contact
from leads.admin.tabs import TABS
from leads.models import Lead, LeadIdentity
from leads.resources import LeadTable
from leads.services import editing, stages
from users.admin.exports import Exported

Stage = Lead.Stage
LABELS = {
    Stage.NEW.value: "info",
    Stage.QUALIFIED.value: "warning",
    Stage.INVITED.value: "warning",
    Stage.VOLUNTEER.value: "success",
    Stage.LOST.value: "default",
}
# The buttons of a page, by the stage that they lead to.
STEPS: dict[str, str] = {
    Stage.QUALIFIED: "qualify",
    Stage.INVITED: "invite",
    Stage.NEW: "reopen",
    Stage.LOST: "lose",
}
MERGED_AT_ONCE = 2

search.register(
    Lead,
    search.Found(
        icon="contacts",
        title=lambda lead: lead.name or f"#{lead.pk}",
        detail=lambda lead: ", ".join(filter(None, [lead.get_stage_display(), lead.city])),
    ),
)


@admin.register(Lead)
class LeadAdmin(WritesToMany, Exported, ModelAdmin):
    form = LeadForm
    list_display = ["shown", "state_label", "city", "source", "assigned_to", "out", "created_at"]
    list_filter = [
        "stage",
        OptedOutFilter,
        "source",
        CampaignFilter,
        ("created_at", DayRangeFilter),
    ]
    list_filter_submit = True
    list_per_page = 50
    list_select_related = ["assigned_to"]
    search_fields = ["name", "city"]  # searched by get_search_results
    search_help_text = _("Part of name or city; or a whole e-mail, phone or tag.")
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["assigned_to"]
    table = LeadTable
    table_prefetched = ("identities",)
    actions = [
        "write_to_selected",
        "assign_selected",
        "lose_selected",
        "merge_selected",
        "export_csv",
        "export_xlsx",
    ]
    actions_list = ["open_board"]
    actions_detail = [
        "qualify",
        "invite",
        "lose",
        "convert",
        {
            "title": _("More"),
            "items": ["reopen", "add_note", "assign_to_me", "merge", "take_copy", "erase"],
        },
    ]
    readonly_fields = [
        *("stage_shown", "stage_changed_at", "lost_reason", "time_zone", "contacts", "merged_into"),
        *("opted_out_at", "source", "utm", "user", "created_at", "last_inbound_at"),
    ]
    fieldsets = [
        (None, {"fields": ["name", ("language", "tags"), "assigned_to", "contacts"]}),
        (_("Stage"), {"fields": [("stage_shown", "stage_changed_at"), "lost_reason"]}),
        (_("Place"), {"fields": [("city", "state"), "time_zone"]}),
        (
            _("Origin"),
            {
                "fields": [
                    ("source", "utm"),
                    ("created_at", "last_inbound_at"),
                    ("opted_out_at", "user"),
                    "merged_into",
                ]
            },
        ),
    ]

    class Media:
        css = {"all": ["leads/leads.css"]}

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(lambda request: board.board(self, request))
        return [path("board/", page, name="leads_lead_board"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        """In the list those who are somebody of their own; a page also of who was merged."""
        leads = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and match.url_name == "leads_lead_changelist"
        return leads.filter(merged_into=None) if is_list else leads

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        found, term = queryset.filter(merged_into=None), search_term.strip()
        if term:
            named = Q(pk__in=Lead.objects.matching(term).values("pk"))
            found = found.filter(named | by_contact(term))
        return found, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """They write themselves, or come by an import."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_part = isinstance(obj, Lead) and obj.merged_into_id is not None
        return not is_part and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only by erasing, which takes along what the gateway told us."""
        return False

    def has_erase_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("leads.delete_lead")

    def has_copy_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_export_permission(request)

    def save_model(
        self, request: HttpRequest, obj: Lead, form: forms.ModelForm, change: bool
    ) -> None:
        editing.edit(obj, {name: form.cleaned_data[name] for name in form.changed_data})

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The tabs tell more than Django's history."""
        context = {**(extra_context or {}), "show_history": False}
        return super().change_view(request, object_id, form_url, context)

    def get_changeform_datasets(self, request: HttpRequest) -> list[type[Tab]]:
        return TABS if has_object(request) else []

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer the steps that lead on from here, and nothing for who is part of another."""
        lead = self.get_object(request, unquote(object_id))
        if lead is None or lead.merged_into_id:
            return []
        ways = stages.TRANSITIONS[lead.stage]
        hidden = {name for stage, name in STEPS.items() if stage not in ways}
        if lead.user_id:
            hidden.add("convert")
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if getattr(one, "path", "") not in hidden]

    @display(description=_("name"), ordering="name")
    def shown(self, lead: Lead) -> str:
        return lead.name or f"#{lead.pk}"

    @display(description=_("pipeline stage"), ordering="stage", label=LABELS)
    def state_label(self, lead: Lead) -> tuple[str, str]:
        return lead.stage, lead.get_stage_display()

    @display(description=_("pipeline stage"))
    def stage_shown(self, lead: Lead) -> str:
        return lead.get_stage_display()

    @display(description=_("messages"), label={"out": "danger"})
    def out(self, lead: Lead) -> tuple[str, Any]:
        return ("out", _("opted out")) if lead.opted_out_at else ("", "–")

    @display(description=_("contacts"), empty_value="–")
    def contacts(self, lead: Lead) -> str | None:
        known = lead.identities.exclude(kind=LeadIdentity.Kind.VISITOR).order_by("pk")
        return ", ".join(f"{one.value} ({one.get_proof_display()})" for one in known) or None

    @action(description=_("Board"), url_path="open-board", icon="view_kanban")
    def open_board(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:leads_lead_board"))

    @action(description=commands.QUALIFY.button, permissions=["change"], icon="check")
    def qualify(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.QUALIFY)

    @action(description=commands.INVITE.button, permissions=["change"], icon="mail")
    def invite(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.INVITE)

    @action(description=commands.REOPEN.button, permissions=["change"], icon="undo")
    def reopen(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.REOPEN)

    @action(description=commands.LOSE.button, permissions=["change"], icon="person_off")
    def lose(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.LOSE)

    @action(description=commands.CONVERT.button, permissions=["change"], icon="person_add")
    def convert(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.CONVERT)

    @action(description=commands.ADD_NOTE.button, permissions=["change"], icon="note_add")
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.ADD_NOTE)

    @action(description=commands.ASSIGN_TO_ME.button, permissions=["change"], icon="person_pin")
    def assign_to_me(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.ASSIGN_TO_ME)

    @action(description=commands.MERGE.button, permissions=["change"], icon="merge")
    def merge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        lead = self.get_object(request, unquote(object_id))
        form = commands.others_of(lead) if lead else commands.OtherLeadForm
        return ask_about_one(self, request, object_id, replace(commands.MERGE, form_class=form))

    @action(description=_("Copy of the data"), permissions=["copy"], icon="download")
    def take_copy(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """All that is held about the person, for the person."""
        lead = self.get_object(request, unquote(object_id))
        if lead is None:
            return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))
        response = HttpResponse(
            OrjsonRenderer().render(exports.everything(lead)), content_type="application/json"
        )
        response["Content-Disposition"] = f'attachment; filename="lead-{lead.pk}.json"'
        return response

    @action(description=commands.ERASE.button, permissions=["erase"], icon="person_cancel")
    def erase(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.ERASE)

    @admin.action(description=_("Assign selected leads to me"), permissions=["change"])
    def assign_selected(self, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse:
        return ask_about_many(self, request, leads, commands.ASSIGN_TO_ME)

    @admin.action(description=_("Mark selected leads as lost"), permissions=["change"])
    def lose_selected(self, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse:
        return ask_about_many(self, request, leads, commands.LOSE)

    @admin.action(description=_("Merge two selected leads"), permissions=["change"])
    def merge_selected(self, request: HttpRequest, leads: QuerySet[Lead]) -> HttpResponse | None:
        """The younger goes into the older; what would go over is shown before."""
        pair = list(leads.order_by("created_at", "pk")[: MERGED_AT_ONCE + 1])
        if len(pair) != MERGED_AT_ONCE:
            self.message_user(request, _("Choose two leads."), messages.ERROR)
            return None
        kept, gone = pair
        command = replace(
            commands.MERGE,
            form_class=commands.ShortReasonForm,
            label=lambda lead: f"{commands.told(kept, lead)} → {kept}",
            act=lambda request, lead, answers: commands.merge_other(
                request, kept, {**answers, "other": lead}
            ),
        )
        return ask_about_many(self, request, leads.filter(pk=gone.pk), command)
