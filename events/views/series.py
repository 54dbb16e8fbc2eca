"""Events that repeat, and copies of one."""

from collections.abc import Callable
from typing import Any

from rest_framework import status
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import command
from events import rules, services
from events.examples import EVENT
from events.models import Event, EventSeries
from events.repeating import (
    CopySerializer,
    NewSeriesSerializer,
    SeriesEditSerializer,
    SeriesOutcomeSerializer,
    SeriesSerializer,
)
from events.serializers import EventSerializer
from events.series_examples import COPY, NEW_SERIES, SERIES, SERIES_EDIT, SERIES_OUTCOME
from events.services.series_edits import Outcome, Scope
from events.views.access import acting_user, managed_event
from users.models import User


@command(
    request=NewSeriesSerializer, responses={201: SeriesSerializer}, examples=[NEW_SERIES, SERIES]
)
def start(request: Request) -> Response:
    """Make an event that repeats; the events of the next months are made at once."""
    given = NewSeriesSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    fields = given.validated_data
    each = {name: fields.pop(name) for name in ("waiver", "resources") if name in fields}
    series = services.start_series(acting_user(request), fields, rule=fields.pop("rrule"), **each)
    shown = EventSeries.objects.with_events().get(pk=series.pk)
    return Response(SeriesSerializer(shown).data, status.HTTP_201_CREATED)


@command(
    request=SeriesEditSerializer,
    responses=SeriesOutcomeSerializer,
    examples=[SERIES_EDIT, SERIES_OUTCOME],
)
def preview(request: Request, event_id: int) -> Response:
    """Tell what an edit of this event's series would do; nothing changes."""
    return _edit(request, event_id, services.preview_series_edit)


@command(
    request=SeriesEditSerializer,
    responses=SeriesOutcomeSerializer,
    examples=[SERIES_EDIT, SERIES_OUTCOME],
)
def apply(request: Request, event_id: int) -> Response:
    """Edit this event, those after it too, or all of its series; no event with people is lost."""
    return _edit(request, event_id, services.edit_series)


def _edit(request: Request, event_id: int, service: Any) -> Response:
    event = managed_event(request, event_id)
    given = SeriesEditSerializer(event, data=request.data, context={"request": request})
    given.is_valid(raise_exception=True)
    is_for_all(request, event, given)
    changes = given.validated_data
    scope, rule = changes.pop("scope"), changes.pop("rrule", "")
    outcome: Outcome = service(event, scope=scope, changes=changes, rule=rule)
    return Response(SeriesOutcomeSerializer(outcome).data)


def is_for_all(
    request: Request,
    event: Event,
    given: Any,
    *,
    may: Callable[[User, EventSeries], bool] = rules.may_manage_series,
) -> bool:
    """Whether the whole series is meant; 403 for who speaks for one event only."""
    is_meant: bool = given.validated_data["scope"] != Scope.THIS
    if is_meant and event.series and not may(acting_user(request), event.series):
        raise PermissionDenied
    return is_meant


@command(request=CopySerializer, responses={201: EventSerializer}, examples=[COPY, EVENT])
def copy(request: Request, event_id: int) -> Response:
    """Make a draft like this event at another time, without its people."""
    event = managed_event(request, event_id)
    given = CopySerializer(data=request.data)
    given.is_valid(raise_exception=True)
    draft = services.copy(event, by=acting_user(request), **given.validated_data)
    return Response(EventSerializer(draft).data, status.HTTP_201_CREATED)
