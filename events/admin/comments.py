"""What people say about events, and what staff decide about it."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin import waiting
from config.admin.commands import ask_about_many, run
from config.admin.filters import WaitsFilter
from config.admin.lists import PartsInline, ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab
from events.admin import commands, event_tabs
from events.models import CommentFlag, EventComment

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Comments = QuerySet[EventComment]
Status = EventComment.Status
LONGEST = 120


class FlagsInline(PartsInline):
    """Who objects, and why."""

    model = CommentFlag
    fields = ["user", "reason", "created_at"]
    readonly_fields = fields
    ordering = ["pk"]


@admin.register(EventComment)
class EventCommentAdmin(ReadOnlyAdmin):
    """Read-only: a decision goes through its service, and people's words are their own."""

    list_display = ["short_text", "event", "author", "state", "flag_count", "created_at"]
    list_filter = [WaitsFilter, "status"]
    list_select_related = ["event", "author"]
    list_per_page = 50
    search_fields = ["text", "author__email", "event__title"]
    ordering = ["-pk"]
    actions = ["approve", "hide"]
    inlines = [FlagsInline]
    fields = [
        "event",
        "author",
        "parent",
        "text",
        "status",
        "flag_count",
        "decided_by",
        "decided_at",
        "deleted_by",
        "deleted_at",
        "created_at",
    ]

    def has_moderate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("events.change_eventcomment")

    @admin.action(description=commands.APPROVE_COMMENT.button, permissions=["moderate"])
    def approve(self, request: HttpRequest, comments: Comments) -> None:
        run(self, request, comments, commands.APPROVE_COMMENT, {})

    @admin.action(description=commands.HIDE_COMMENT.button, permissions=["moderate"])
    def hide(self, request: HttpRequest, comments: Comments) -> HttpResponse:
        return ask_about_many(self, request, comments, commands.HIDE_COMMENT)

    @display(description=_("text"))
    def short_text(self, comment: EventComment) -> str:
        return Truncator(comment.text).chars(LONGEST)

    @display(
        description=_("status"),
        label={
            Status.VISIBLE.value: "default",
            Status.SUSPENDED.value: "warning",
            Status.APPROVED.value: "success",
            Status.HIDDEN.value: "danger",
            "deleted": "info",
        },
    )
    def state(self, comment: EventComment) -> "tuple[str, StrOrPromise]":
        if comment.deleted_at:
            return "deleted", _("deleted")
        return comment.status, comment.get_status_display()


class CommentsOfEvent(RowsOfObject, EventCommentAdmin):
    list_display = ["short_text", "author", "state", "flag_count", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Comments:
        comments = EventComment.objects.filter(event=self.object_id)
        return comments.select_related("event", "author").order_by("-pk")


class CommentsTab(Tab):
    model = EventComment
    model_admin = CommentsOfEvent
    title = _("Comments")


event_tabs.register(CommentsTab, "events.view_eventcomment", 30)
waiting.register(_("Comments"), EventComment.objects.waiting_for_decision, "waits=yes")
