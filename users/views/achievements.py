"""What people did, what they earned by it, and who did the most."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from users import reading
from users.achievements import (
    BadgeSerializer,
    LeaderboardQuery,
    PeriodQuery,
    RankSerializer,
    StatisticsSerializer,
)
from users.examples import BADGE, RANK, STATISTICS
from users.views.requests import acting_user


class StatisticsView(APIView):
    @extend_schema(parameters=[PeriodQuery], responses=StatisticsSerializer, examples=[STATISTICS])
    def get(self, request: Request) -> Response:
        """What one gave, by category and month, straight from the ledger."""
        period = _asked(PeriodQuery, request)
        found = reading.statistics_of(acting_user(request), period.get("from"), period.get("to"))
        return Response(StatisticsSerializer(found).data)


class BadgesView(APIView):
    @extend_schema(responses=BadgeSerializer(many=True), examples=[BADGE])
    def get(self, request: Request) -> Response:
        """The badges that one has or may earn, and how far one is with each."""
        badges = reading.badges_of(acting_user(request))
        return Response(BadgeSerializer(badges, many=True).data)


class LeaderboardView(APIView):
    @extend_schema(
        parameters=[LeaderboardQuery], responses=RankSerializer(many=True), examples=[RANK]
    )
    def get(self, request: Request) -> Response:
        """The hundred with the most hours, of the people who agreed to be compared."""
        asked = _asked(LeaderboardQuery, request)
        found = reading.leaderboard(asked.get("city", ""), asked.get("month"))
        return Response(RankSerializer(found, many=True).data)


def _asked(query: type[Serializer], request: Request) -> dict[str, Any]:
    checked = query(data=request.query_params)
    checked.is_valid(raise_exception=True)
    return checked.validated_data
