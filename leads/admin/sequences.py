"""Sequences: edited, tried dry, switched on and off; and every follow-up that came of them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, StackedInline
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config.admin.commands import Command, ask_about_one
from config.admin.lists import ReadOnlyAdmin
from leads.models import FollowUp, Sequence, SequenceStep
from leads.services import forecast, sequences

Status = FollowUp.Status
LABELS = {
    Status.PLANNED: "info",
    Status.SENDING: "warning",
    Status.SENT: "success",
    Status.SKIPPED: "default",
    Status.FAILED: "danger",
}
ACTIVATE = Command(
    question=_("Switch this sequence on?"),
    explanation=_("It begins with what happens from now on. Who came before gets nothing of it."),
    button=_("Switch on"),
    done=_("It is on."),
    act=lambda request, sequence, answers: sequences.activate(sequence),
)
DEACTIVATE = Command(
    question=_("Switch this sequence off?"),
    explanation=_("What is planned is not sent any more, even if you switch it on again."),
    button=_("Switch off"),
    done=_("It is off."),
    variant="danger",
    act=lambda request, sequence, answers: sequences.deactivate(sequence),
)


class StepInline(StackedInline):
    model = SequenceStep
    extra = 0
    fields = [
        ("position", "delay_minutes"),
        ("channel", "with_event"),
        ("subject", "subject_en"),
        "text_pt_br",
        "text_en",
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody: what was sent by a step says so. A step that is not wanted gets other words."""
        return False


@admin.register(Sequence)
class SequenceAdmin(ModelAdmin):
    list_display = ["name", "trigger", "is_active", "active_since", "sent", "planned"]
    list_filter = ["is_active", "trigger"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    fields = ["name", "trigger", "is_active", "active_since"]
    inlines = [StepInline]
    actions_detail: ClassVar[list[str]] = ["dry_run", "activate", "deactivate"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Another trigger would reach back to what happened before it was chosen."""
        fixed = ["is_active", "active_since"]
        return [*fixed, "trigger"] if obj is not None and obj.is_active else fixed

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only what never wrote to anybody."""
        unused = obj is None or not obj.enrolments.exists()
        return unused and super().has_delete_permission(request, obj)

    def has_look_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return self.has_view_permission(request)

    def has_switch_permission(self, request: HttpRequest, object_id: object = None) -> bool:
        return request.user.has_perm("leads.change_sequence")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sequence]:
        status = "enrolments__follow_ups__status"
        return (
            super()
            .get_queryset(request)
            .annotate(
                sent_count=Count("enrolments__follow_ups", filter=Q(**{status: Status.SENT})),
                planned_count=Count("enrolments__follow_ups", filter=Q(**{status: Status.PLANNED})),
            )
        )

    @display(description=_("sent"), ordering="sent_count")
    def sent(self, sequence: Sequence) -> int:
        return sequence.sent_count  # type: ignore[attr-defined]

    @display(description=_("planned"), ordering="planned_count")
    def planned(self, sequence: Sequence) -> int:
        return sequence.planned_count  # type: ignore[attr-defined]

    @action(
        description=_("Who would get what"),
        permissions=["look"],
        icon="preview",
        url_path="dry-run",
    )
    def dry_run(self, request: HttpRequest, object_id: str) -> HttpResponse:
        sequence = self.get_object(request, unquote(object_id))
        if sequence is None:
            raise Http404
        context = {
            **self.admin_site.each_context(request),
            "title": _("Who would get what"),
            "opts": self.opts,
            "sequence": sequence,
            "lines": forecast.of(sequence),
            "days": forecast.BACK.days,
            "back": reverse("admin:leads_sequence_change", args=[sequence.pk]),
        }
        return TemplateResponse(request, "admin/leads/dry_run.html", context)

    @action(
        description=ACTIVATE.button, permissions=["switch"], icon="play_arrow", url_path="activate"
    )
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, ACTIVATE)

    @action(
        description=DEACTIVATE.button, permissions=["switch"], icon="pause", url_path="deactivate"
    )
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, DEACTIVATE)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer only the switch that changes something."""
        sequence = self.get_object(request, unquote(object_id))
        hidden = "activate" if sequence is not None and sequence.is_active else "deactivate"
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path != hidden]


@admin.register(FollowUp)
class FollowUpAdmin(ReadOnlyAdmin):
    """The log: each message that was planned, when it went out, or why it did not."""

    list_display = ["lead", "source_name", "channel", "state", "reason", "due_at", "sent_at"]
    list_filter = ["status", "reason", "enrolment__sequence"]
    list_select_related = ["lead", "step", "bulk", "enrolment__sequence"]
    list_per_page = 50
    search_fields = ["lead__name"]
    ordering = ["-due_at", "-pk"]
    fields = [
        ("lead", "source_name", "channel"),
        ("status", "reason"),
        ("due_at", "sent_at", "attempts"),
        ("event", "message"),
    ]

    @display(description=_("of"))
    def source_name(self, follow_up: FollowUp) -> str:
        if follow_up.enrolment is None:
            return str(follow_up.bulk)
        position = follow_up.step.position if follow_up.step else 0
        return f"{follow_up.enrolment.sequence.name} #{position}"

    @display(description=_("channel"))
    def channel(self, follow_up: FollowUp) -> str:
        return follow_up.source.get_channel_display()

    @display(description=_("status"), ordering="status", label=LABELS)
    def state(self, follow_up: FollowUp) -> tuple[str, str]:
        return follow_up.status, follow_up.get_status_display()
