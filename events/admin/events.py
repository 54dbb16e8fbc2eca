"""Events, from draft to archive."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.dataclasses import UnfoldAction
from unfold.decorators import action
from unfold.widgets import UnfoldAdminSelect2Widget

from config.admin import search
from config.admin.commands import ask_about_many, ask_about_one
from config.admin.refusals import RefusableAdmin, RefusableForm
from config.admin.tabs import Tab
from events import services
from events.admin import commands, event_tabs, mails, resources
from events.admin.event_list import EventList
from events.models import Event, EventResource, known_time_zones
from users.models import User

Status = Event.Status
# The commands at the head of the page; of what is over, only that people may be written to.
OFFERED = {Status.DRAFT: ["publish"], Status.PUBLISHED: ["cancel", "write_mail"]}

search.register(
    Event,
    search.Found(
        icon="event",
        title=lambda event: event.title,
        detail=lambda event: f"{date_format(event.starts_at_local, 'DATE_FORMAT')}, {event.city}",
    ),
)


def time_zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(known_time_zones())]


class EventForm(RefusableForm):
    class Meta:
        widgets = {"time_zone": UnfoldAdminSelect2Widget(choices=time_zones)}

    def clean_co_organizers(self) -> QuerySet[User]:
        people: QuerySet[User] = self.cleaned_data["co_organizers"]
        if len(people) > Event.MAX_CO_ORGANIZERS:
            text = _("Choose at most %(count)d people.")
            raise forms.ValidationError(text % {"count": Event.MAX_CO_ORGANIZERS})
        return people


@admin.register(Event)
class EventAdmin(mails.MayWrite, EventList, RefusableAdmin):
    form = EventForm
    actions = ["publish_selected", "cancel_selected", "export_csv", "export_xlsx"]
    actions_detail = ["publish", "write_mail", "cancel"]
    autocomplete_fields = ["organizer", "co_organizers"]
    readonly_fields = ["status", "seats_taken", "cancel_reason", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["title", "description", "category"]}),
        (
            _("State"),
            {"fields": ["status", "seats_taken", "cancel_reason", "created_at", "updated_at"]},
        ),
        (_("Who"), {"fields": ["organizer", "co_organizers"]}),
        (_("Photos"), {"fields": ["photos_need_approval"]}),
        (
            _("When"),
            {
                "fields": ["starts_at", "ends_at", "time_zone"],
                "description": format_lazy(
                    _("Write the times as clocks in {zone} show them."), zone=settings.TIME_ZONE
                ),
            },
        ),
        (_("Where"), {"fields": ["address", "city", ("latitude", "longitude")]}),
        (
            _("Seats"),
            {
                "fields": [
                    ("capacity", "min_age"),
                    "waitlist_enabled",
                    "signup_closes_at",
                    "leave_closes_at",
                ]
            },
        ),
    ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is over or cancelled is only shown. Unfold gives the id instead of the object."""
        is_open = not isinstance(obj, Event) or obj.status in (Status.DRAFT, Status.PUBLISHED)
        return is_open and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only a draft can be thrown away, from its own page."""
        is_draft = isinstance(obj, Event) and obj.status == Status.DRAFT
        return is_draft and super().has_delete_permission(request, obj)

    def save_model(
        self, request: HttpRequest, obj: Event, form: forms.ModelForm, change: bool
    ) -> None:
        if change:
            services.edit(obj, {name: form.cleaned_data[name] for name in form.changed_data})
            return
        fields = {**form.cleaned_data}
        obj.pk = services.create(fields.pop("organizer"), fields).pk

    def delete_model(self, request: HttpRequest, obj: Event) -> None:
        services.delete(obj)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The history is a tab, so it needs no button."""
        context = {**(extra_context or {}), "show_history": False}
        return super().change_view(request, object_id, form_url, context)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect("../change/#dataset-eventhistory")

    def get_changeform_datasets(self, request: HttpRequest) -> list[type[Tab]]:
        return event_tabs.shown(request)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """A new event has nothing yet that could hang on it."""
        return [resources.ResourcesInline] if obj else []

    def save_formset(
        self, request: HttpRequest, form: Any, formset: forms.BaseInlineFormSet, change: bool
    ) -> None:
        if formset.model is EventResource:
            resources.save(form.instance, formset)
        else:
            super().save_formset(request, form, formset, change)

    @admin.action(description=_("Publish selected events"), permissions=["change"])
    def publish_selected(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponse:
        return ask_about_many(self, request, events, commands.PUBLISH)

    @admin.action(description=_("Cancel selected events"), permissions=["change"])
    def cancel_selected(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponse:
        return ask_about_many(self, request, events, commands.CANCEL)

    @action(description=commands.PUBLISH.button, permissions=["change"], icon="campaign")
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.PUBLISH)

    @action(description=commands.CANCEL.button, permissions=["change"], icon="event_busy")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return ask_about_one(self, request, object_id, commands.CANCEL)

    @action(description=_("Write to participants"), permissions=["write_mail"], icon="mail")
    def write_mail(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self.get_object(request, unquote(object_id))
        if event is None:
            raise Http404
        page = reverse("admin:events_event_change", args=[event.pk])
        return mails.ask(self, request, mails.everybody(event), back=page)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[UnfoldAction]:
        """Offer only what the status allows."""
        event = self.get_object(request, unquote(object_id))
        offered = OFFERED.get(event.status, ["write_mail"]) if event else []
        actions = super().get_actions_detail(request, object_id)
        return [one for one in actions if one.path in offered]
