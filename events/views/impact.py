"""What was done together: sums for everyone, by any period and by month."""

from datetime import date
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config import limits
from config.api import MicroCached
from events import caching
from events import report_examples as examples
from events.impact import sums, table
from events.impact.serializers import ImpactQuery, ImpactSerializer, MonthlyReportSerializer
from events.models import ImpactReport
from events.views.files import OneFormat

CSV = {(200, "text/csv"): OpenApiTypes.STR}
PDF = {(200, "application/pdf"): OpenApiTypes.BINARY}


class ImpactView(MicroCached, APIView):
    permission_classes = (AllowAny,)
    throttle_classes = (limits.by_address("impact"),)

    @extend_schema(parameters=[ImpactQuery], responses=ImpactSerializer, examples=[examples.IMPACT])
    def get(self, request: Request) -> HttpResponse:
        """What was done at events: approved figures, and the people and hours of visits."""
        given = ImpactQuery(data=request.query_params)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        name = urlencode({name: getattr(value, "pk", value) for name, value in asked.items()})
        body = caching.fetch(
            f"impact?{name}", lambda: _impact(asked), rests_on=caching.IMPACT, endpoint="impact"
        )
        return HttpResponse(body, content_type="application/json")


def _impact(asked: dict[str, Any]) -> bytes:
    begin, end = sums.period(asked.get("from"), asked.get("to"))
    events = sums.events_in(begin, end)
    if "category" in asked:
        events = events.filter(category=asked["category"])
    if "city" in asked:
        events = events.in_city(asked["city"])
    return orjson.dumps(sums.total(events, begin, end))


@extend_schema(examples=[examples.MONTH])
class MonthlyReportListView(generics.ListAPIView[ImpactReport]):
    """The reports of all months, the latest first."""

    permission_classes = (AllowAny,)
    serializer_class = MonthlyReportSerializer
    queryset = ImpactReport.objects.order_by("-month")
    filter_backends = ()


class MonthlyReportView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(responses=MonthlyReportSerializer, examples=[examples.MONTH])
    def get(self, request: Request, month: str) -> Response:
        """The figures of a month."""
        return Response(MonthlyReportSerializer(_report(month)).data)


class MonthlyTableView(APIView):
    permission_classes = (AllowAny,)
    content_negotiation_class = OneFormat

    @extend_schema(responses=CSV)
    def get(self, request: Request, month: str) -> HttpResponse:
        """The figures of a month as a table for spreadsheets."""
        body = table.as_csv(_report(month).figures)
        answer = HttpResponse(body, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="mutirao-{month}.csv"'
        return answer


class MonthlyDocumentView(APIView):
    permission_classes = (AllowAny,)
    content_negotiation_class = OneFormat

    @extend_schema(responses=PDF)
    def get(self, request: Request, month: str) -> FileResponse:
        """The report of a month, with charts, to print or send."""
        report = get_object_or_404(_reports(month).exclude(pdf=""))
        return FileResponse(
            report.pdf.open(), content_type="application/pdf", filename=f"mutirao-{month}.pdf"
        )


def _report(month: str) -> ImpactReport:
    return get_object_or_404(_reports(month))


def _reports(month: str) -> QuerySet[ImpactReport]:
    """The report of a month like 2027-05; there is none of what is no month."""
    try:
        return ImpactReport.objects.filter(month=date.fromisoformat(f"{month}-01"))
    except ValueError:
        raise Http404 from None
