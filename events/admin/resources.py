"""What an event needs, on its page, and who brings it."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from config.admin.tabs import RowsOfObject, Tab
from events import services
from events.admin import event_tabs
from events.models import Event, EventResource, ResourcePledge


class ResourcesInline(TabularInline):
    """Things and rides; the event's page saves them through `save`."""

    model = EventResource
    fields = ["name", "description", "needed", "pledged", "offered_by"]
    readonly_fields = ["pledged", "offered_by"]
    ordering = ["pk"]
    extra = 0
    verbose_name_plural = _("What is needed, and rides")

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventResource]:
        return super().get_queryset(request).select_related("offered_by")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_event") or self._may_change(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_change(request, obj)

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        """As long as the event itself can be changed: they are a part of it."""
        is_open = not isinstance(obj, Event) or obj.status in (
            Event.Status.DRAFT,
            Event.Status.PUBLISHED,
        )
        return is_open and request.user.has_perm("events.change_event")


def save(event: Event, formset: forms.BaseInlineFormSet) -> None:
    """Do what staff filled in, by the rules of the services."""
    formset.save(commit=False)
    for resource in formset.deleted_objects:
        services.delete_resource(resource)
    for resource, names in formset.changed_objects:
        services.edit_resource(resource, {name: getattr(resource, name) for name in names})
    for resource in formset.new_objects:
        fields = {"description": resource.description, "needed": resource.needed}
        services.add_resource(event, {"name": resource.name, **fields})


class PledgesOfEvent(RowsOfObject):
    """Who brings what."""

    list_display = ["resource", "kind", "person", "quantity", "pledged_at"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[ResourcePledge]:
        pledges = ResourcePledge.objects.filter(resource__event=self.object_id)
        return pledges.select_related("resource", "participant__user").order_by("resource", "pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_event")

    @display(description=_("resource"))
    def resource(self, pledge: ResourcePledge) -> str:
        return pledge.resource.name

    @display(description=_("kind"))
    def kind(self, pledge: ResourcePledge) -> str:
        return pledge.resource.get_kind_display()

    @display(description=_("person"), header=True)
    def person(self, pledge: ResourcePledge) -> list[str]:
        return [pledge.participant.user.name, pledge.participant.user.email]


class PledgesTab(Tab):
    model = ResourcePledge
    model_admin = PledgesOfEvent
    title = _("Pledges")


event_tabs.register(PledgesTab, "events.view_resourcepledge", 20)
