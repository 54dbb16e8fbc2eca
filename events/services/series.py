"""Events that follow each other by a rule: the rule is a row, each event an ordinary one."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import caching
from events.models import CoOrganizer, Event, EventResource, EventSeries, Waiver
from events.services.copies import DEADLINES, LIKE
from events.transitions import StartsInPast
from users import services as users
from users.models import User


@transaction.atomic
def start_series(
    organizer: User,
    fields: dict[str, Any],
    *,
    rule: str,
    waiver: str = "",
    resources: Sequence[dict[str, Any]] = (),
) -> EventSeries:
    """Make a series whose first event has these fields, and its events up to the horizon.

    Each of them begins with the waiver, and needs the resources.
    """
    organizer = users.lock_account(organizer)
    people = fields.pop("co_organizers", [])
    first = Event(organizer=organizer, **fields)
    first.clean()
    if first.has_started:
        raise StartsInPast
    plan = {**_plan(first, people), "waiver": waiver, "resources": [*resources]}
    series = _from(first, rule, plan)
    _check_first_day(series)
    series.save()
    make_events(series, after=series.made_until)
    return series


def _from(first: Event, rule: str, plan: dict[str, Any]) -> EventSeries:
    return EventSeries(
        organizer=first.organizer,
        category=first.category,
        plan=plan,
        rule=rule,
        first_day=first.starts_on,
        from_day=first.starts_on,
        start_time=first.starts_at_local.time(),
        duration=first.ends_at - first.starts_at,
        time_zone=first.time_zone,
        made_until=first.starts_on - timedelta(days=1),
    )


def _plan(event: Event, people: list[User]) -> dict[str, Any]:
    deadlines = {name: seconds_before(event, getattr(event, name)) for name in DEADLINES}
    return {
        **{name: getattr(event, name) for name in (*LIKE, "status")},
        **deadlines,
        "co_organizers": [person.pk for person in people],
    }


def seconds_before(event: Event, moment: Any) -> float | None:
    """How long before the start of the event a deadline lies, as a plan keeps it."""
    return moment and (event.starts_at - moment).total_seconds()


def _check_first_day(series: EventSeries) -> None:
    if next(series.days(series.first_day), None) != series.first_day:
        text = _("The first event is not on a day of this rule.")
        raise ValidationError({"rrule": ValidationError(text, "rule_misses_start")})


def series_horizon(series: EventSeries) -> date:
    """The last day whose event is made by now."""
    return max(timezone.localdate(), series.from_day) + settings.EVENT_SERIES_HORIZON


def make_events(series: EventSeries, *, after: date) -> list[Event]:
    """Make the events that are missing after a day; the caller holds the lock of the series.

    Days that have no room yet are left to a later night.
    """
    now = timezone.now()
    horizon = series_horizon(series)
    made = set(series.events.filter(series_slot__gt=after).values_list("series_slot", flat=True))
    missing = [
        day
        for day in series.days(horizon)
        if day > after and day not in made and series.start_of(day) > now
    ]
    to_come = series.events.filter(starts_at__gt=now).exclude(status=Event.Status.CANCELLED)
    room = max(0, settings.EVENT_SERIES_SIZE - to_come.count())
    series.made_until = missing[room] - timedelta(days=1) if len(missing) > room else horizon
    series.save(update_fields=["made_until"])
    return _insert(series, missing[:room])


def _insert(series: EventSeries, days: list[date]) -> list[Event]:
    events = Event.objects.bulk_create([_event_on(series, day) for day in days])
    planned = User.objects.filter(pk__in=series.plan["co_organizers"], is_active=True)
    people = list(planned.values_list("pk", flat=True))
    CoOrganizer.objects.bulk_create(
        CoOrganizer(event=event, user_id=person) for event in events for person in people
    )
    _equip(series, events)
    transaction.on_commit(caching.events_changed)
    return events


def _equip(series: EventSeries, events: list[Event]) -> None:
    """Give new events the waiver and the needs of their plan; an older one has none."""
    if text := series.plan.get("waiver"):
        Waiver.objects.bulk_create(
            Waiver(event=event, version=1, text=text, created_by=series.organizer)
            for event in events
        )
    EventResource.objects.bulk_create(
        EventResource(event=event, **needed)
        for event in events
        for needed in series.plan.get("resources", [])
    )


def _event_on(series: EventSeries, day: date) -> Event:
    starts_at = series.start_of(day)
    # What an older plan does not name has its default.
    fields = {name: series.plan[name] for name in (*LIKE, "status") if name in series.plan}
    for name in DEADLINES:
        seconds = series.plan[name]
        fields[name] = None if seconds is None else starts_at - timedelta(seconds=seconds)
    return Event(
        series=series,
        series_slot=day,
        organizer=series.organizer,
        category=series.category,
        time_zone=series.time_zone,
        starts_at=starts_at,
        ends_at=starts_at + series.duration,
        waiver_version=1 if series.plan.get("waiver") else None,
        **fields,
    )


def series_to_extend() -> list[int]:
    """Ids of series that may have events to make, those that wait longest first."""
    horizon = timezone.localdate() + settings.EVENT_SERIES_HORIZON
    waiting = EventSeries.objects.unmade_on(horizon)
    return list(waiting.order_by("made_until", "pk").values_list("pk", flat=True))


@transaction.atomic
def extend_series(series_id: int) -> None:
    """Make the events that have come within the horizon; run twice it makes nothing twice."""
    waiting = EventSeries.objects.select_for_update(no_key=True, of=("self",))
    series = waiting.filter(pk=series_id, organizer__is_active=True).first()
    if series:
        make_events(series, after=series.made_until)
