"""Photos of events: what waits for a decision, and the decision."""

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action, display

from config.admin import waiting
from config.admin.commands import ask_about_many, ask_about_one
from config.admin.filters import WaitsFilter
from config.admin.lists import PartsInline, ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab
from events.admin import commands, event_tabs
from events.models import EventPhoto, PhotoFlag

Status = EventPhoto.Status
Photos = QuerySet[EventPhoto]


class FlagInline(PartsInline):
    """Who objects, and why."""

    model = PhotoFlag
    fields = readonly_fields = ["user", "reason", "note", "created_at"]
    extra = 0
    hide_title = True


@admin.register(EventPhoto)
class EventPhotoAdmin(ReadOnlyAdmin):
    list_display = ["picture", "event", "uploader", "stage", "state", "objections", "created_at"]
    list_filter = [WaitsFilter, "status", "stage"]
    list_select_related = ["event", "uploader"]
    list_per_page = 30
    search_fields = ["event__title", "uploader__email", "caption__unaccent"]
    ordering = ["-created_at", "-pk"]
    inlines = [FlagInline]
    actions = ["approve_selected", "remove_selected"]
    actions_detail = ["approve", "remove"]
    fields = [
        "large_picture",
        "event",
        "uploader",
        "caption",
        "stage",
        "pair_with",
        "status",
        "created_at",
        "reason",
        "decided_by",
        "decided_at",
    ]
    readonly_fields = ["large_picture"]

    def get_queryset(self, request: HttpRequest) -> Photos:
        return super().get_queryset(request).annotate(flag_count=Count("flags"))

    def has_decide_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return request.user.has_perm("events.change_eventphoto")

    @display(description=_("photo"))
    def picture(self, photo: EventPhoto) -> SafeString | None:
        return as_image(photo.thumbnail.url, photo, 96) if photo.thumbnail else None

    @display(description=_("photo"))
    def large_picture(self, photo: EventPhoto) -> SafeString | None:
        return as_image(photo.image.url, photo, 480) if photo.image else None

    @display(
        description=_("status"),
        ordering="status",
        label={
            Status.WAITING.value: "warning",
            Status.SHOWN.value: "success",
            Status.HIDDEN.value: "danger",
            Status.REMOVED.value: "default",
        },
    )
    def state(self, photo: EventPhoto) -> tuple[str, str]:
        return photo.status, photo.get_status_display()

    @display(description=_("objections"), ordering="flag_count")
    def objections(self, photo: EventPhoto) -> int:
        return photo.flag_count  # type: ignore[attr-defined]

    @admin.action(description=_("Approve selected photos"), permissions=["decide"])
    def approve_selected(self, request: HttpRequest, photos: Photos) -> HttpResponse:
        return ask_about_many(self, request, photos, commands.APPROVE_PHOTO)

    @admin.action(description=_("Remove selected photos"), permissions=["decide"])
    def remove_selected(self, request: HttpRequest, photos: Photos) -> HttpResponse:
        return ask_about_many(self, request, photos, commands.REMOVE_PHOTO)

    @action(description=commands.APPROVE_PHOTO.button, permissions=["decide"], icon="check")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.APPROVE_PHOTO)

    @action(description=commands.REMOVE_PHOTO.button, permissions=["decide"], icon="hide_image")
    def remove(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.REMOVE_PHOTO)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer only what the status allows."""
        photo = self.get_object(request, unquote(object_id))
        offered = {
            Status.WAITING: ["approve", "remove"],
            Status.HIDDEN: ["approve", "remove"],
            Status.SHOWN: ["remove"],
        }.get(photo and photo.status, [])
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path in offered]


class PhotosOfEvent(RowsOfObject, EventPhotoAdmin):
    """The photos of one event, the newest first."""

    list_display = ["picture", "uploader", "stage", "state", "objections", "created_at"]

    def get_queryset(self, request: HttpRequest) -> Photos:
        photos = super().get_queryset(request).filter(event=self.object_id)
        return photos.select_related("event", "uploader").order_by(*self.ordering)


class PhotosTab(Tab):
    model = EventPhoto
    model_admin = PhotosOfEvent
    title = _("Photos")


def as_image(address: str, photo: EventPhoto, height: int) -> SafeString:
    return format_html(
        '<img src="{}" alt="{}" loading="lazy" style="max-height: {}px">',
        address,
        photo.caption or photo.get_stage_display(),
        height,
    )


event_tabs.register(PhotosTab, "events.view_eventphoto", 35)
waiting.register(_("Photos"), EventPhoto.objects.waiting_for_decision, "waits=yes")
