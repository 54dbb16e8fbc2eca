"""Reading who takes part, and what came of it."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from events import stats
from events.examples import PARTICIPANT, PARTICIPATION, STATS, WAITING
from events.filters import ParticipantFilter
from events.models import Event, EventParticipant
from events.querysets import ParticipantQuerySet
from events.reading import ParticipationSerializer, StatsSerializer
from events.serializers import ParticipantSerializer
from events.views.access import acting_user, managed_event, visible_event


@extend_schema(examples=[PARTICIPANT, WAITING])
class ParticipantListView(generics.ListAPIView[EventParticipant]):
    """Who has a place, waits for one, left or did not come; for those who run the event."""

    permission_classes = (IsAuthenticated,)
    serializer_class = ParticipantSerializer
    filterset_class = ParticipantFilter
    queryset = EventParticipant.objects.none()

    def get_queryset(self) -> ParticipantQuerySet:
        event = managed_event(self.request, self.kwargs["event_id"])
        people = event.participants.select_related("user").with_position().with_waiver()
        return people.order_by("joined_at", "pk")


class StatsView(generics.GenericAPIView[Event]):
    permission_classes = (AllowAny,)

    @extend_schema(responses=StatsSerializer, examples=[STATS])
    def get(self, request: Request, event_id: int) -> Response:
        """How many signed up, came and stayed; names nobody."""
        event = visible_event(request, event_id)
        return Response(StatsSerializer(stats.of(event)).data)


@extend_schema(examples=[PARTICIPATION])
class HistoryView(generics.ListAPIView[EventParticipant]):
    """One's own history, the latest first."""

    permission_classes = (IsAuthenticated,)
    serializer_class = ParticipationSerializer
    queryset = EventParticipant.objects.none()

    def get_queryset(self) -> ParticipantQuerySet:
        mine = EventParticipant.objects.filter(user=acting_user(self.request)).select_related(
            "event"
        )
        return mine.with_position().with_hours().order_by("-event__starts_at", "-pk")
