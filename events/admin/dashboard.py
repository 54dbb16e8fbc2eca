"""Panels of the dashboard about events."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from config import series
from config.admin import charts, dashboard
from config.models import Totals
from events.models import Event

NEXT = 10


def coming_events(totals: Totals) -> dict[str, Any]:
    events = Event.objects.published().upcoming().order_by("starts_at", "pk")[:NEXT]
    return {
        "rows": [
            {
                "address": reverse("admin:events_event_change", args=[event.pk]),
                "title": event.title,
                "detail": f"{date_format(event.starts_at_local, 'SHORT_DATETIME_FORMAT')}, "
                f"{event.city}",
                "number": _("%(taken)d of %(capacity)d seats")
                % {"taken": event.seats_taken, "capacity": event.capacity},
            }
            for event in events
        ]
    }


def sign_ups(totals: Totals) -> dict[str, Any]:
    weeks = series.points(totals, "sign_ups")
    return {"columns": charts.columns(weeks, day_format="d/m")}


def cities(totals: Totals) -> dict[str, Any]:
    page = reverse("admin:events_event_changelist")
    found = totals.series.get("cities", {}).get(series.ALL, {})
    return {
        "rows": [
            {
                "address": f"{page}?{urlencode({'city': city, 'status__exact': 'published'})}",
                "title": city,
                "number": charts.shown(number),
            }
            for city, number in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
        ]
    }


PANELS = [
    dashboard.Panel(
        _("Coming events"), "admin/panels/rows.html", "events.view_event", coming_events, 10
    ),
    dashboard.Panel(
        _("Sign-ups per week"),
        "admin/panels/chart.html",
        "events.view_eventparticipant",
        sign_ups,
        20,
    ),
    dashboard.Panel(
        _("Published events by city"), "admin/panels/rows.html", "events.view_event", cities, 40
    ),
]
for panel in PANELS:
    dashboard.register(panel)
