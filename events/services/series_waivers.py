"""The waiver of all events of a series."""

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from events.models import Event, Waiver
from events.querysets import EventQuerySet
from events.services import series_edits, waivers
from users.models import User


@transaction.atomic
def set_series_waiver(event: Event, *, text: str, by: User) -> Waiver:
    """Give this event and all to come in its series a waiver, and those that are made later."""
    for occurrence in _plan(event, text):
        waivers.set_waiver(occurrence, text=text, by=by)
    return event.waivers.latest("version")


@transaction.atomic
def remove_series_waiver(event: Event) -> None:
    """Ask nobody any more: not for this event, nor for any to come in its series."""
    for occurrence in _plan(event, ""):
        waivers.remove_waiver(occurrence)


def _plan(event: Event, text: str) -> EventQuerySet:
    """Note it in the series, whose lock is taken; give its events, to be locked in their order."""
    series = series_edits.lock_series(event)
    series.plan = {**series.plan, "waiver": text}
    series.save(update_fields=["plan"])
    to_come = Q(
        starts_at__gt=timezone.now(), status__in=(Event.Status.DRAFT, Event.Status.PUBLISHED)
    )
    return series.events.filter(to_come | Q(pk=event.pk)).order_by("pk")
