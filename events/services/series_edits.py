"""Changing the events of a series together: this one, this and those after it, or all."""

from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from events import caching
from events.models import Event, EventSeries
from events.services import editing, lifecycle, seats
from events.services.copies import DEADLINES, LIKE
from events.services.series import make_events, seconds_before, series_horizon

TIMES = ("starts_at", "ends_at")


class Scope(models.TextChoices):
    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


class Reason(models.TextChoices):
    """Why an event stays where it is."""

    PEOPLE = "people"
    MOVED_ALONE = "moved_alone"


class NotInSeries(DomainError):
    code = "not_in_series"
    message = _("This event belongs to no series.")


@dataclass
class Line:
    """What becomes of one event; one that is made by a preview has no id."""

    event: int | None
    starts_at: datetime
    was: datetime | None = None
    participants: int = 0
    reason: str = ""


@dataclass
class Outcome:
    """What an edit of a series did, or would do."""

    scope: str
    series: int | None
    created: list[Line] = field(default_factory=list)
    moved: list[Line] = field(default_factory=list)
    changed: list[Line] = field(default_factory=list)
    dropped: list[Line] = field(default_factory=list)
    kept: list[Line] = field(default_factory=list)


@dataclass
class _Edit:
    """One edit of a series under way."""

    series: EventSeries
    before: EventSeries
    changes: dict[str, Any]
    has_new_rule: bool
    wanted: set[date]
    outcome: Outcome

    @property
    def is_retimed(self) -> bool:
        return (self.before.start_time, self.before.duration, self.before.time_zone) != (
            self.series.start_time,
            self.series.duration,
            self.series.time_zone,
        )


def preview_series_edit(event: Event, **edit: Any) -> Outcome:
    """Tell what `edit_series` would do: it is done, and taken back before anyone can see it."""
    with transaction.atomic():
        outcome = edit_series(event, **edit)
        transaction.set_rollback(True)
    outcome.created = [Line(None, line.starts_at) for line in outcome.created]
    outcome.series = event.series_id
    return outcome


@transaction.atomic
def edit_series(
    event: Event,
    *,
    scope: str,
    changes: dict[str, Any],
    rule: str = "",
) -> Outcome:
    """Change events that are still to come; all that the scope names, or none if one refuses.

    Under a new rule, events on days that it does not have are called off, unless people are
    in them. An event that was moved alone keeps its time.
    """
    series = lock_series(event)
    event.refresh_from_db()
    changes = _with_end(event, changes)
    if scope == Scope.THIS:
        return _edit_one(event, changes)
    if scope == Scope.FOLLOWING:
        series = _split(series, _slot(event))
    edit = _begin(series, event, scope, changes, rule)
    for occurrence in series.events.filter(starts_at__gt=timezone.now()).order_by("pk"):
        _adapt(edit, seats.lock(occurrence))
    if rule:
        made = make_events(series, after=series.from_day - timedelta(days=1))
        edit.outcome.created = [Line(one.pk, one.starts_at) for one in made]
    transaction.on_commit(caching.events_changed)
    return edit.outcome


def lock_series(event: Event) -> EventSeries:
    """Lock the series of the event; the later part of one that was split just then."""
    while True:
        found = Event.objects.filter(pk=event.pk).values_list("series", flat=True).first()
        if found is None:
            raise NotInSeries
        series = EventSeries.objects.select_for_update(no_key=True).get(pk=found)
        if series.events.filter(pk=event.pk).exists():
            return series


def _slot(event: Event) -> date:
    """The day for which the series made it."""
    return cast(date, event.series_slot)


def _with_end(event: Event, changes: dict[str, Any]) -> dict[str, Any]:
    """An event that starts at another time is as long as before, unless its end is said too."""
    if "starts_at" not in changes or "ends_at" in changes:
        return changes
    return {**changes, "ends_at": changes["starts_at"] + (event.ends_at - event.starts_at)}


def _edit_one(event: Event, changes: dict[str, Any]) -> Outcome:
    outcome = Outcome(Scope.THIS, event.series_id)
    _apply(outcome, event, changes, event.participants.active().count())
    return outcome


def _split(series: EventSeries, day: date) -> EventSeries:
    """Let a series of its own begin on that day, with the same rule and the events from there."""
    if not series.events.filter(series_slot__lt=day).exists():
        return series
    later = copy(series)
    later.pk, later._state.adding = None, True
    later.from_day = day
    later.save()
    series.before_day = day
    series.save(update_fields=["before_day"])
    series.events.filter(series_slot__gte=day).update(series=later)
    return later


def _begin(
    series: EventSeries, event: Event, scope: str, changes: dict[str, Any], rule: str
) -> _Edit:
    """Write the changes into the series, so that the events to come are made like that."""
    before = copy(series)
    if rule:
        series.rule = rule
        if scope == Scope.FOLLOWING:
            series.first_day = _slot(event)
    _retime(series, event, changes)
    _replan(series, event, changes)
    series.save()
    last = series.events.aggregate(last=models.Max("series_slot"))["last"]
    wanted = set(series.days(max(series_horizon(series), last)))
    return _Edit(series, before, changes, bool(rule), wanted, Outcome(scope, series.pk))


def _retime(series: EventSeries, event: Event, changes: dict[str, Any]) -> None:
    series.time_zone = changes.get("time_zone", series.time_zone)
    if "starts_at" in changes:
        local = changes["starts_at"].astimezone(Event(time_zone=series.time_zone).zone)
        if local.date() != event.series_slot:
            text = _("Another day takes another rule; only one event can be moved to it.")
            raise ValidationError({"starts_at": ValidationError(text, "other_day")})
        series.start_time = local.time()
    if "ends_at" in changes:
        series.duration = changes["ends_at"] - changes.get("starts_at", event.starts_at)
    if series.duration <= timedelta(0):
        text = _("The end must be after the start.")
        raise ValidationError({"ends_at": ValidationError(text, "ends_too_early")})


def _replan(series: EventSeries, event: Event, changes: dict[str, Any]) -> None:
    series.category = changes.get("category", series.category)
    plan = {**series.plan, **{name: changes[name] for name in LIKE if name in changes}}
    if "co_organizers" in changes:
        plan["co_organizers"] = [person.pk for person in changes["co_organizers"]]
    start = Event(starts_at=changes.get("starts_at", event.starts_at))
    for name in DEADLINES:
        if name in changes:
            plan[name] = seconds_before(start, changes[name])
    series.plan = plan


def _adapt(edit: _Edit, event: Event) -> None:
    """Let one event follow the series; the caller has locked it."""
    if event.has_started or event.status not in (Event.Status.DRAFT, Event.Status.PUBLISHED):
        return
    people = event.participants.active().count()
    is_wanted = not edit.has_new_rule or event.series_slot in edit.wanted
    if not is_wanted and _may_go(event, people):
        edit.outcome.dropped.append(Line(event.pk, event.starts_at))
        _drop(event)
        return
    follows = is_wanted and event.starts_at == edit.before.start_of(_slot(event))
    if not is_wanted or (edit.is_retimed and not follows):
        reason = Reason.MOVED_ALONE if is_wanted else Reason.PEOPLE
        edit.outcome.kept.append(Line(event.pk, event.starts_at, None, people, reason))
    _apply(edit.outcome, event, _columns(edit, event, follows), people)


def _may_go(event: Event, people: int) -> bool:
    """Whether nobody counts on it; a draft that somebody ever joined cannot be thrown away."""
    return not people and (event.status != Event.Status.DRAFT or not event.participants.exists())


def _columns(edit: _Edit, event: Event, follows: bool) -> dict[str, Any]:
    """What the edit means for one event: times and deadlines keep their distance."""
    apart = (*TIMES, *DEADLINES)
    columns = {name: value for name, value in edit.changes.items() if name not in apart}
    start = event.starts_at
    if follows and edit.is_retimed:
        start = edit.series.start_of(_slot(event))
        columns |= {"starts_at": start, "ends_at": start + edit.series.duration}
    for name in DEADLINES:
        if name in edit.changes:
            seconds = edit.series.plan[name]
            columns[name] = None if seconds is None else start - timedelta(seconds=seconds)
        elif getattr(event, name):
            columns[name] = getattr(event, name) + (start - event.starts_at)
    return columns


def _apply(outcome: Outcome, event: Event, columns: dict[str, Any], people: int) -> None:
    """Edit one event and note what came of it; those who have a place hear of a new time."""
    was = event.starts_at, event.ends_at
    if not _differs(event, columns):
        return
    event = editing.edit(event, columns)
    is_moved = was != (event.starts_at, event.ends_at)
    lines = outcome.moved if is_moved else outcome.changed
    lines.append(Line(event.pk, event.starts_at, was[0] if is_moved else None, people))


def _differs(event: Event, columns: dict[str, Any]) -> bool:
    people = columns.get("co_organizers")
    if people is not None and set(people) != set(event.co_organizers.all()):
        return True
    plain = {name: value for name, value in columns.items() if name != "co_organizers"}
    return any(getattr(event, name) != value for name, value in plain.items())


def _drop(event: Event) -> None:
    """Throw a draft away; call off what people may have seen.

    What is called off leaves the series, whose day is free for a rule that has it again.
    """
    if event.status == Event.Status.DRAFT:
        editing.delete(event)
    else:
        lifecycle.cancel(event, reason=gettext("The series was changed; the event is not held."))
        Event.objects.filter(pk=event.pk).update(series=None, series_slot=None)
