"""Series of events: their rule, and the events that it made."""

from itertools import islice
from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin.lists import ReadOnlyAdmin
from config.admin.tabs import RowsOfObject, Tab, has_object
from events import services
from events.models import Event, EventSeries

LINK = '<a href="{}" class="text-primary-600 underline">{}</a>'
# So many of the next days show what a rule means.
NEXT = 10


class EventsOfSeries(RowsOfObject):
    """Those that were made, the latest first."""

    list_display = ["name", "starts_at", "status", "seats"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return Event.objects.filter(series=self.object_id).order_by("-starts_at")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_eventseries")

    @display(description=_("event"))
    def name(self, event: Event) -> SafeString:
        return format_html(LINK, reverse("admin:events_event_change", args=[event.pk]), event.title)

    @display(description=_("Seats"))
    def seats(self, event: Event) -> str:
        return f"{event.seats_taken}/{event.capacity}"


class EventsTab(Tab):
    model = Event
    model_admin = EventsOfSeries
    title = _("Events")


@admin.register(EventSeries)
class EventSeriesAdmin(ReadOnlyAdmin):
    list_display = ["name", "organizer", "rule", "clock", "to_come", "made"]
    list_filter = ["category"]
    list_select_related = ["organizer"]
    list_per_page = 50
    search_fields = ["plan__title", "organizer__email", "plan__city"]
    ordering = ["-pk"]
    fields = ["name", "organizer", "category", "rule", "clock", "made", "preview"]
    readonly_fields = ["name", "clock", "made", "preview"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventSeries]:
        is_to_come = Q(events__starts_at__gt=timezone.now(), events__status="published")
        return super().get_queryset(request).annotate(number=Count("events", filter=is_to_come))

    def get_changeform_datasets(self, request: HttpRequest) -> list[type[Tab]]:
        return [EventsTab] if has_object(request) else []

    @display(description=_("title"))
    def name(self, series: EventSeries) -> str:
        return series.plan["title"]

    @display(description=_("starts at"))
    def clock(self, series: EventSeries) -> str:
        return f"{time_format(series.start_time)} ({series.time_zone})"

    @display(description=_("to come"), ordering="number")
    def to_come(self, series: EventSeries) -> int:
        return series.number  # type: ignore[attr-defined]

    @display(description=_("made up to"), ordering="made_until")
    def made(self, series: EventSeries) -> str:
        return date_format(series.made_until, "SHORT_DATE_FORMAT")

    @display(description=_("next days of the rule"))
    def preview(self, series: EventSeries) -> str:
        today = timezone.localdate()
        days = (day for day in series.days(services.series_horizon(series)) if day >= today)
        return ", ".join(date_format(day, "D, d/m/Y") for day in islice(days, NEXT)) or "–"
