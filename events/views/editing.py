"""Making, changing and throwing away events."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import command, idempotent
from events import rules, services, transitions
from events.examples import CANCELLATION, CANCELLED, CHANGE, EVENT, HAND_OVER, NEW_EVENT
from events.inputs import HandOverSerializer, ReasonSerializer
from events.serializers import EventSerializer, NewEventSerializer
from events.views import reading
from events.views.access import acting_user, managed_event
from events.views.series import is_for_all


class EventsView(reading.EventListView):
    @extend_schema(
        request=NewEventSerializer, responses={201: EventSerializer}, examples=[NEW_EVENT, EVENT]
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Publish an event, or keep it as a draft; whoever makes it is its organizer."""
        given = NewEventSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        event = services.create(acting_user(request), given.validated_data)
        place = {"Location": request.build_absolute_uri(f"{request.path}{event.pk}/")}
        return Response(EventSerializer(event).data, status.HTTP_201_CREATED, headers=place)


class EventView(reading.EventDetailView):
    @extend_schema(request=EventSerializer, responses=EventSerializer, examples=[NEW_EVENT, EVENT])
    def put(self, request: Request, event_id: int) -> Response:
        """Change an event; who has a place is told of a new time or place."""
        return self._edit(request, event_id, partial=False)

    @extend_schema(request=EventSerializer, responses=EventSerializer, examples=[CHANGE, EVENT])
    def patch(self, request: Request, event_id: int) -> Response:
        """Change some of an event; who has a place is told of a new time or place."""
        return self._edit(request, event_id, partial=True)

    def _edit(self, request: Request, event_id: int, **how: Any) -> Response:
        event = managed_event(request, event_id)
        given = EventSerializer(event, data=request.data, **how)
        given.is_valid(raise_exception=True)
        event = services.edit(event, given.validated_data)
        return Response(EventSerializer(event).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, event_id: int) -> Response:
        """Throw a draft away; any other event can only be cancelled."""
        services.delete(managed_event(request, event_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


@command(request=None, responses=EventSerializer, examples=[EVENT])
def publish(request: Request, event_id: int) -> Response:
    """Show a draft to everyone and let people join."""
    event = managed_event(request, event_id, may=transitions.PUBLISH.who)
    return Response(EventSerializer(services.publish(event)).data)


@command(request=ReasonSerializer, responses=EventSerializer, examples=[CANCELLATION, CANCELLED])
def cancel(request: Request, event_id: int) -> Response:
    """Call an event off; everyone with a place is told the reason."""
    event = managed_event(request, event_id, may=transitions.CANCEL.who)
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    event = services.cancel(event, **given.validated_data)
    return Response(EventSerializer(event).data)


@command(request=HandOverSerializer, responses=EventSerializer, examples=[HAND_OVER, EVENT])
def hand_over(request: Request, event_id: int) -> Response:
    """Make somebody else the organizer, of the event or its series; for the organizer and staff."""
    event = managed_event(request, event_id, may=rules.may_hand_over)
    given = HandOverSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    is_series = is_for_all(request, event, given, may=rules.may_hand_over)
    give = services.hand_over_series if is_series else services.hand_over
    event = give(event, given.validated_data["organizer"])
    return Response(EventSerializer(event).data)
