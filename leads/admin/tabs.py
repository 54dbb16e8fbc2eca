"""What the page of a lead shows beside the lead."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin.commands import run
from config.admin.tabs import RowsOfObject, Tab
from leads.admin import commands
from leads.models import (
    Conversation,
    LeadClaim,
    LeadConsent,
    LeadIdentity,
    LeadMerge,
    LeadNote,
    LeadStageChange,
    LeadSubmission,
)

TYPED = {
    "name": _("name"),
    "email": _("e-mail"),
    "phone": _("phone"),
    "city": _("city"),
    "language": _("language"),
    "message": _("message"),
}


class RowsOfLead(RowsOfObject):
    """The rows of one lead, the latest first."""

    ordering = ["-pk"]
    actions: Any = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(lead=self.object_id)

    def has_act_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.change_lead")


class Identities(RowsOfLead):
    list_display = ["shown_kind", "shown", "how", "proven_at"]

    @display(description=_("kind"))
    def shown_kind(self, identity: LeadIdentity) -> str:
        return identity.get_kind_display()

    @display(description=_("value"))
    def shown(self, identity: LeadIdentity) -> str:
        return "–" if identity.kind == LeadIdentity.Kind.VISITOR else identity.value

    @display(description=_("proof"), label={"claim": "warning", "proven": "success"})
    def how(self, identity: LeadIdentity) -> tuple[str, str]:
        is_claim = identity.proof == LeadIdentity.Proof.CLAIM
        return "claim" if is_claim else "proven", identity.get_proof_display()


class Claims(RowsOfLead):
    list_display = ["shown_kind", "shown", "confirmed_at", "created_at"]
    actions = ["confirm", "ask_again"]

    @display(description=_("kind"))
    def shown_kind(self, claim: LeadClaim) -> str:
        return claim.get_kind_display()

    @display(description=_("value"))
    def shown(self, claim: LeadClaim) -> str:
        return claim.value

    @admin.action(description=commands.CONFIRM_CLAIM.button, permissions=["act"])
    def confirm(self, request: HttpRequest, claims: QuerySet[LeadClaim]) -> None:
        run(self, request, claims, commands.CONFIRM_CLAIM, {})

    @admin.action(description=commands.ASK_AGAIN.button, permissions=["act"])
    def ask_again(self, request: HttpRequest, claims: QuerySet[LeadClaim]) -> None:
        emails = claims.filter(kind=LeadIdentity.Kind.EMAIL)
        run(self, request, emails, commands.ASK_AGAIN, {})


class Submissions(RowsOfLead):
    list_display = ["typed", "source", "submitted_at"]

    @display(description=_("typed"))
    def typed(self, submission: LeadSubmission) -> SafeString:
        lines = (
            (name, submission.fields[key])
            for key, name in TYPED.items()
            if key in submission.fields
        )
        found = format_html_join("", "<div><b>{}</b>: {}</div>", lines)
        return format_html('<div class="lead-text">{}</div>', found)


class Notes(RowsOfLead):
    list_display = ["shown", "author", "created_at"]
    list_select_related = ["author"]

    @display(description=_("note"))
    def shown(self, note: LeadNote) -> SafeString:
        return format_html('<div class="lead-text">{}</div>', note.text)


class Consents(RowsOfLead):
    list_display = ["shown_purpose", "word", "shown_channel", "agreed_to", "recorded_at"]

    @display(description=_("purpose"))
    def shown_purpose(self, consent: LeadConsent) -> str:
        return consent.get_purpose_display()

    @display(description=_("said"), label={"yes": "success", "no": "danger", "typed": "warning"})
    def word(self, consent: LeadConsent) -> tuple[str, Any]:
        if consent.is_typed:
            return "typed", _("typed by somebody")
        return ("yes", _("yes")) if consent.is_given else ("no", _("no"))

    @display(description=_("channel"))
    def shown_channel(self, consent: LeadConsent) -> str:
        return consent.get_channel_display()

    @display(description=_("text"))
    def agreed_to(self, consent: LeadConsent) -> SafeString:
        words = f"{consent.text} ({consent.version})" if consent.version else consent.text
        return format_html('<div class="lead-text">{}</div>', words or "–")


class Stages(RowsOfLead):
    list_display = ["step", "reason", "changed_by", "changed_at"]
    list_select_related = ["changed_by"]

    @display(description=_("pipeline stage"))
    def step(self, change: LeadStageChange) -> str:
        return f"{change.get_old_display()} → {change.get_new_display()}"


class Merges(RowsOfLead):
    list_display = ["kept", "gone", "reason", "merged_by", "merged_at", "undone_at"]
    list_select_related = ["kept", "gone", "merged_by"]
    actions = ["undo"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeadMerge]:
        mine = Q(kept=self.object_id) | Q(gone=self.object_id)
        return LeadMerge.objects.filter(mine).order_by(*self.ordering)

    @admin.action(description=commands.UNDO_MERGE.button, permissions=["act"])
    def undo(self, request: HttpRequest, merges: QuerySet[LeadMerge]) -> None:
        run(self, request, merges, commands.UNDO_MERGE, {})


class Conversations(RowsOfLead):
    list_display = ["where", "state", "message_count", "last_message_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return super().get_queryset(request).annotate(count=Count("messages"))

    @display(description=_("channel"))
    def where(self, conversation: Conversation) -> SafeString | str:
        name = conversation.get_channel_display()
        if not admin.site.is_registered(Conversation):
            return name
        page = reverse("admin:leads_conversation_change", args=[conversation.pk])
        return format_html('<a class="font-medium underline" href="{}">{}</a>', page, name)

    @display(description=_("messages"))
    def message_count(self, conversation: Conversation) -> int:
        return conversation.count  # type: ignore[attr-defined]


def _tab(rows: type[RowsOfLead], of: Any, name: Any) -> type[Tab]:
    facts = {"model": of, "model_admin": rows, "title": name}
    return type(f"{rows.__name__}Tab", (Tab,), facts)


TABS = [
    _tab(Identities, LeadIdentity, _("Known by")),
    _tab(Claims, LeadClaim, _("Claims")),
    _tab(Submissions, LeadSubmission, _("Forms")),
    _tab(Conversations, Conversation, _("Conversations")),
    _tab(Notes, LeadNote, _("Notes")),
    _tab(Consents, LeadConsent, _("Consents")),
    _tab(Stages, LeadStageChange, _("Stages")),
    _tab(Merges, LeadMerge, _("Merges")),
]
