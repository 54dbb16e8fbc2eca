"""What came of an event, and who did how much of it."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, status
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import command, idempotent
from events import report_examples as examples
from events import report_transitions, rules, services
from events.filters import ContributionFilter
from events.inputs import ReasonSerializer
from events.models import Event, EventReport, ReportContribution
from events.report_querysets import ReportContributionQuerySet
from events.report_serializers import (
    AdjustmentSerializer,
    ContributionSerializer,
    NewContributionSerializer,
    ReportSerializer,
)
from events.views.access import acting_user, managed_event, visible_event


class ReportView(APIView):
    """The report of an event; until it is approved, only for those who run the event."""

    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=ReportSerializer, examples=[examples.APPROVED])
    def get(self, request: Request, event_id: int) -> Response:
        """What came of an event, once it is approved; earlier only for those who run it."""
        event = visible_event(request, event_id)
        reports = EventReport.objects.visible_to(request.user).prefetch_related("figures", "photos")
        return Response(ReportSerializer(get_object_or_404(reports, event=event)).data)

    @extend_schema(
        request=ReportSerializer,
        responses=ReportSerializer,
        examples=[examples.REPORT, examples.DRAFT],
    )
    def put(self, request: Request, event_id: int) -> Response:
        """Write the report of an event that is over; an approved one then waits again."""
        event = managed_event(request, event_id)
        given = ReportSerializer(data=request.data, context={"event": event})
        given.is_valid(raise_exception=True)
        report = services.save_report(event, by=acting_user(request), **given.validated_data)
        return Response(ReportSerializer(report).data)


@command(request=None, responses=ReportSerializer, examples=[examples.SUBMITTED])
def submit(request: Request, event_id: int) -> Response:
    """Hand the report in; staff approve it, or return it with a reason."""
    event = managed_event(request, event_id, may=report_transitions.SUBMIT.who)
    get_object_or_404(EventReport, event=event)
    report = services.submit_report(event, by=acting_user(request))
    return Response(ReportSerializer(report).data)


class ContributionListView(generics.ListAPIView[ReportContribution]):
    """What persons did at an event: all of it for those who run it, else one's own."""

    permission_classes = (IsAuthenticated,)
    serializer_class = ContributionSerializer
    filterset_class = ContributionFilter
    queryset = ReportContribution.objects.none()

    def get_queryset(self) -> ReportContributionQuerySet:
        event = visible_event(self.request, self.kwargs["event_id"])
        user = acting_user(self.request)
        said = ReportContribution.objects.filter(report__event=event).select_related("user")
        if not rules.may_manage(user, event):
            said = said.filter(user=user)
        return said.order_by("created_at", "pk")

    @extend_schema(examples=[examples.PENDING])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """What persons say they did, and what they are credited with."""
        return super().get(request, *args, **kwargs)

    @extend_schema(
        request=NewContributionSerializer,
        responses={201: ContributionSerializer},
        examples=[examples.CONTRIBUTION, examples.PENDING],
    )
    @idempotent
    def post(self, request: Request, event_id: int) -> Response:
        """Say how much one did; what an organizer says of a participant is approved with it."""
        event = _contributed_event(request, event_id)
        user = acting_user(request)
        given = NewContributionSerializer(data=request.data, context={"event": event, "user": user})
        given.is_valid(raise_exception=True)
        said = given.validated_data
        contribution = services.add_contribution(
            event, said["person"], kind=said["kind"], amount=said["amount"], by=user
        )
        return Response(ContributionSerializer(contribution).data, status.HTTP_201_CREATED)


def _contributed_event(request: Request, event_id: int) -> Event:
    """The event: for everyone who says what they did themselves, else for those who run it."""
    if isinstance(request.data, dict) and "participant" in request.data:
        return managed_event(request, event_id)
    return visible_event(request, event_id)


def _contribution(event: Event, pk: int) -> ReportContribution:
    said = ReportContribution.objects.select_related("report__event", "user")
    return get_object_or_404(said, pk=pk, report__event=event)


@command(request=None, responses=ContributionSerializer, examples=[examples.CREDITED])
def approve_contribution(request: Request, event_id: int, contribution_id: int) -> Response:
    """Credit a person with what they said, as far as the figure of the report holds it."""
    event = managed_event(request, event_id)
    contribution = services.approve_contribution(
        _contribution(event, contribution_id), by=acting_user(request)
    )
    return Response(ContributionSerializer(contribution).data)


@command(
    request=AdjustmentSerializer,
    responses=ContributionSerializer,
    examples=[examples.ADJUSTMENT, examples.ADJUSTED],
)
def adjust_contribution(request: Request, event_id: int, contribution_id: int) -> Response:
    """Credit a person with another amount than they said."""
    event = managed_event(request, event_id)
    contribution = _contribution(event, contribution_id)
    given = AdjustmentSerializer(data=request.data, context={"contribution": contribution})
    given.is_valid(raise_exception=True)
    contribution = services.adjust_contribution(
        contribution, by=acting_user(request), **given.validated_data
    )
    return Response(ContributionSerializer(contribution).data)


@command(
    request=ReasonSerializer,
    responses=ContributionSerializer,
    examples=[examples.REJECTION, examples.REJECTED],
)
def reject_contribution(request: Request, event_id: int, contribution_id: int) -> Response:
    """Credit a person with nothing of it, and say why."""
    event = managed_event(request, event_id)
    contribution = _contribution(event, contribution_id)
    given = ReasonSerializer(data=request.data)
    given.is_valid(raise_exception=True)
    contribution = services.reject_contribution(
        contribution, by=acting_user(request), **given.validated_data
    )
    return Response(ContributionSerializer(contribution).data)
