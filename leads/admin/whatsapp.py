"""The numbers, and what the gateway told of them: staff pause, resume and replay."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin import waiting
from config.admin.commands import Command, run
from config.admin.lists import ReadOnlyAdmin
from leads.models import WebhookEvent, WhatsAppInstance
from leads.services import instances, webhooks

PAUSE = Command(
    question=_("Pause these numbers?"),
    button=_("Pause"),
    done=_("Paused: %(count)d."),
    act=lambda request, instance, answers: instances.pause(instance),
)
RESUME = Command(
    question=_("Resume these numbers?"),
    button=_("Resume"),
    done=_("Resumed: %(count)d."),
    act=lambda request, instance, answers: instances.resume(instance),
)
REPLAY = Command(
    question=_("Process these events again?"),
    button=_("Process again"),
    done=_("To be processed again: %(count)d."),
    act=lambda request, event, answers: webhooks.replay(event),
)
REASONS = {
    instances.DISCONNECTED: _("not connected"),
    instances.REFUSED: _("the gateway refuses our key"),
    instances.UNSENT: _("the gateway refuses what we send"),
    instances.STAFF: _("paused by staff"),
}

waiting.register(
    _("WhatsApp events given up"),
    WebhookEvent.objects.dead,
    "given_up_at__isempty=0",
)
waiting.register(
    _("WhatsApp numbers paused"),
    lambda: WhatsAppInstance.objects.filter(paused_at__isnull=False),
    "paused_at__isempty=0",
)


@admin.register(WhatsAppInstance)
class WhatsAppInstanceAdmin(ReadOnlyAdmin):
    list_display = ["name", "state", "reason", "paused_at", "checked_at", "reconciled_at"]
    list_filter = ["state", ("paused_at", admin.EmptyFieldListFilter)]
    ordering = ["name"]
    fields = ["name", "state", "is_default", "reason", "paused_at", "checked_at", "reconciled_at"]
    actions = ["pause", "resume"]

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.change_whatsappinstance")

    @display(description=_("reason"))
    def reason(self, instance: WhatsAppInstance) -> str:
        return str(REASONS.get(instance.pause_reason, instance.pause_reason))

    @admin.action(description=PAUSE.button, permissions=["handle"])
    def pause(self, request: HttpRequest, numbers: QuerySet[WhatsAppInstance]) -> None:
        run(self, request, numbers, PAUSE, {})

    @admin.action(description=RESUME.button, permissions=["handle"])
    def resume(self, request: HttpRequest, numbers: QuerySet[WhatsAppInstance]) -> None:
        run(self, request, numbers, RESUME, {})


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    """What was said is in the conversations; here is only what became of it."""

    list_display = ["event", "number", "received_at", "processed_at", "attempts", "given_up_at"]
    list_filter = [
        "event",
        ("processed_at", admin.EmptyFieldListFilter),
        ("given_up_at", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["instance"]
    search_fields = ["external_id"]
    ordering = ["-pk"]
    fields = [
        "event",
        "number",
        "message",
        "received_at",
        "processed_at",
        "attempts",
        "error",
        "given_up_at",
    ]
    actions = ["replay"]

    def has_handle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.change_webhookevent")

    @display(description=_("number"), ordering="instance__name")
    def number(self, event: WebhookEvent) -> str:
        return event.instance.name

    @display(description=_("message"))
    def message(self, event: WebhookEvent) -> str:
        return event.external_id

    @admin.action(description=REPLAY.button, permissions=["handle"])
    def replay(self, request: HttpRequest, events: QuerySet[WebhookEvent]) -> None:
        run(self, request, events.order_by("pk"), REPLAY, {})
