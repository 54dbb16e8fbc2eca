"""Mails about events: what was sent, what waits, and what was given up."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin import waiting
from config.admin.commands import run
from config.admin.lists import ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab
from events.admin import commands, event_tabs
from events.models import EventNotification

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Choices = list[tuple[str, StrOrPromise]]

waiting.register(_("Mails given up"), EventNotification.objects.given_up, "state=failed")


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> "Choices":
        return [
            ("failed", _("given up")),
            ("waiting", _("waiting")),
            ("sent", _("sent")),
            ("skipped", _("skipped")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EventNotification]
    ) -> QuerySet[EventNotification]:
        match self.value():
            case "waiting":
                return queryset & EventNotification.objects.waiting()
            case "sent":
                return queryset.filter(sent_at__isnull=False)
            case "skipped":
                return queryset.filter(skipped_at__isnull=False)
            case "failed":
                return queryset & EventNotification.objects.given_up()
        return queryset


@admin.register(EventNotification)
class EventNotificationAdmin(ReadOnlyAdmin):
    list_display = ["event", "user", "kind", "state", "attempts", "created_at", "sent_at"]
    list_filter = [StateFilter, "kind"]
    list_select_related = ["event", "user"]
    search_fields = ["user__email", "event__title"]
    ordering = ["-created_at", "-pk"]
    actions = ["send_again"]
    fields = ["event", "user", "kind", "mail", "reason", "created_at", "sent_at"]
    fields += ["attempts", "failed_at", "skipped_at"]

    def has_send_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_eventnotification")

    @display(
        description=_("state"),
        label={"waiting": "info", "sent": "success", "failed": "danger", "skipped": "default"},
    )
    def state(self, notification: EventNotification) -> tuple[str, object]:
        if notification.sent_at:
            return "sent", _("sent")
        if notification.skipped_at:
            return "skipped", _("skipped")
        if notification.failed_at:
            return "failed", _("given up")
        return "waiting", _("waiting")

    @admin.action(description=commands.SEND_AGAIN.button, permissions=["send"])
    def send_again(self, request: HttpRequest, notifications: QuerySet[EventNotification]) -> None:
        run(self, request, notifications, commands.SEND_AGAIN, {})


class NotificationsOfEvent(RowsOfObject, EventNotificationAdmin):
    list_display = ["user", "kind", "state", "attempts", "created_at", "sent_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventNotification]:
        mine = EventNotification.objects.filter(event=self.object_id)
        return mine.select_related("event", "user").order_by(*self.ordering)


class NotificationsTab(Tab):
    model = EventNotification
    model_admin = NotificationsOfEvent
    title = _("Notifications")


event_tabs.register(NotificationsTab, "events.view_eventnotification", 40)
