"""Taking part: joining and leaving, coming and going."""

from django.shortcuts import get_object_or_404
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from config.api import command
from events import services
from events.examples import (
    CHECK_IN,
    CHECK_IN_ONESELF,
    CHECKED_IN,
    CHECKED_OUT,
    JOIN,
    LEFT,
    NO_SHOW,
    PARTICIPANT,
    REMOVAL,
    WAITING,
    WALK_UP,
    WRONG_SCAN,
)
from events.inputs import (
    CheckInSerializer,
    CheckOutSerializer,
    JoinSerializer,
    OptionalReasonSerializer,
    ReasonSerializer,
)
from events.models import EventParticipant
from events.serializers import ParticipantSerializer
from events.views.access import acting_user, managed_event, visible_event, visited_event


def shown(participant: EventParticipant) -> ReturnDict:
    places = EventParticipant.objects.select_related("user", "event").with_position().with_waiver()
    return ParticipantSerializer(places.get(pk=participant.pk)).data


@command(
    request=JoinSerializer,
    responses={200: ParticipantSerializer, 201: ParticipantSerializer},
    examples=[JOIN, PARTICIPANT, WAITING],
)
def join(request: Request, event_id: int) -> Response:
    """Take a seat, or a place on the waiting list; 200 if one has it already."""
    event = visible_event(request, event_id)
    given = JoinSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    participant, created = services.join(event, acting_user(request), **given.validated_data)
    code = status.HTTP_201_CREATED if created else status.HTTP_200_OK
    return Response(shown(participant), code)


@command(request=None, responses=ParticipantSerializer, examples=[LEFT])
def leave(request: Request, event_id: int) -> Response:
    """Give one's seat to the next in line, or one's place on the waiting list back."""
    participant = services.leave(visible_event(request, event_id), acting_user(request))
    return Response(shown(participant))


@command(
    request=CheckInSerializer,
    responses=ParticipantSerializer,
    examples=[CHECK_IN, CHECK_IN_ONESELF, WALK_UP, CHECKED_IN],
)
def check_in(request: Request, event_id: int) -> Response:
    """Note that someone has come."""
    event = visited_event(request, event_id)
    given = CheckInSerializer(
        data=request.data, context={"event": event, "user": acting_user(request)}
    )
    given.is_valid(raise_exception=True)
    scan = given.validated_data
    if "venue_code" in scan:
        participant = services.check_in_oneself(event, scan["person"], nonce=scan["nonce"])
    else:
        participant = services.check_in(
            event, scan["person"], by=acting_user(request), nonce=scan["nonce"]
        )
    return Response(shown(participant))


@command(
    request=CheckOutSerializer,
    responses=ParticipantSerializer,
    examples=[CHECK_IN, CHECK_IN_ONESELF, CHECKED_OUT],
)
def check_out(request: Request, event_id: int) -> Response:
    """Note that someone went; the hours count from now on."""
    event = visited_event(request, event_id)
    given = CheckOutSerializer(
        data=request.data, context={"event": event, "user": acting_user(request)}
    )
    given.is_valid(raise_exception=True)
    scan = given.validated_data
    participant = services.check_out(
        event, scan["person"], by=acting_user(request), nonce=scan["nonce"]
    )
    return Response(shown(participant))


@command(
    request=ReasonSerializer, responses=ParticipantSerializer, examples=[WRONG_SCAN, PARTICIPANT]
)
def undo_check_in(request: Request, event_id: int, participant_id: int) -> Response:
    """Take a wrong scan back, and the hours that came of it."""
    event = managed_event(request, event_id)
    participant = get_object_or_404(event.participants, pk=participant_id)
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(shown(services.undo_check_in(event, participant, **given.validated_data)))


@command(request=None, responses=ParticipantSerializer, examples=[NO_SHOW])
def mark_no_show(request: Request, event_id: int, participant_id: int) -> Response:
    """Note that someone with a seat did not come."""
    event = managed_event(request, event_id)
    participant = get_object_or_404(event.participants, pk=participant_id)
    return Response(shown(services.mark_no_show(event, participant)))


@command(
    request=OptionalReasonSerializer, responses=ParticipantSerializer, examples=[REMOVAL, LEFT]
)
def remove(request: Request, event_id: int, participant_id: int) -> Response:
    """Take someone off the list, and tell them."""
    event = managed_event(request, event_id)
    participant = get_object_or_404(event.participants, pk=participant_id)
    given = OptionalReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(shown(services.remove(event, participant, **given.validated_data)))
