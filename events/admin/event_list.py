"""The list of events, with how many people take part."""

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import TextFilter
from unfold.decorators import display

from config.admin.filters import DayRangeFilter
from events.models import Event, EventParticipant
from events.tables import EventTable
from users.admin.exports import Exported

Status = Event.Status


class CityFilter(TextFilter):
    title = _("city")
    parameter_name = "city"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Event]) -> QuerySet[Event]:
        city = self.value()
        return queryset & Event.objects.in_city(city) if city else queryset


def number_of(**conditions: object) -> Coalesce:
    """Count the participants of each event that fulfil the conditions, for the shown rows only."""
    participants = EventParticipant.objects.filter(event=OuterRef("pk"), **conditions)
    counted = participants.order_by().values("event").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number")), 0, output_field=IntegerField())


class EventList(Exported, ModelAdmin):
    table = EventTable
    table_related = ("category", "organizer")
    list_display = ["title", "state", "starts", "city", "category", "seats", "waiting", "came"]
    list_filter = ["status", "category", CityFilter, ("starts_at", DayRangeFilter)]
    list_filter_submit = True
    list_select_related = ["category"]
    list_per_page = 50
    search_fields = ["search_text"]
    search_help_text = _("Words of title, description or city")
    ordering = ["-starts_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return (
            super()
            .get_queryset(request)
            .annotate(
                waiting_count=number_of(status=EventParticipant.Status.WAITLISTED),
                came_count=number_of(checked_in_at__isnull=False),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Event], search_term: str
    ) -> tuple[QuerySet[Event], bool]:
        return queryset & Event.objects.matching(search_term), False

    @display(
        description=_("status"),
        ordering="status",
        label={
            Status.DRAFT.value: "default",
            Status.PUBLISHED.value: "success",
            Status.CANCELLED.value: "danger",
            Status.FINISHED.value: "info",
            Status.ARCHIVED.value: "default",
        },
    )
    def state(self, event: Event) -> tuple[str, str]:
        return event.status, event.get_status_display()

    @display(description=_("starts at"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        return date_format(event.starts_at_local, "SHORT_DATETIME_FORMAT")

    @display(description=_("seats"))
    def seats(self, event: Event) -> str:
        return f"{event.seats_taken} / {event.capacity}"

    @display(description=_("waiting"))
    def waiting(self, event: Event) -> int:
        return event.waiting_count  # type: ignore[attr-defined]

    @display(description=_("came"))
    def came(self, event: Event) -> int:
        return event.came_count  # type: ignore[attr-defined]
