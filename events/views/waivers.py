"""The waiver of an event."""

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from events import services
from events.examples import NEW_WAIVER, WAIVER
from events.inputs import NewWaiverSerializer, ScopeSerializer
from events.reading import WaiverSerializer
from events.views.access import acting_user, managed_event, visible_event
from events.views.series import is_for_all


class WaiverView(APIView):
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(responses=WaiverSerializer, examples=[WAIVER])
    def get(self, request: Request, event_id: int) -> Response:
        """What one accepts by joining; 404 if the event asks for nothing."""
        event = visible_event(request, event_id)
        waiver = get_object_or_404(event.waivers, version=event.waiver_version)
        return Response(WaiverSerializer(waiver).data)

    @extend_schema(
        request=NewWaiverSerializer, responses=WaiverSerializer, examples=[NEW_WAIVER, WAIVER]
    )
    def put(self, request: Request, event_id: int) -> Response:
        """Ask for this waiver from now on; who signed up before is asked by mail."""
        event = managed_event(request, event_id)
        given = NewWaiverSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        text, by = given.validated_data["text"], acting_user(request)
        if is_for_all(request, event, given):
            waiver = services.set_series_waiver(event, text=text, by=by)
        else:
            waiver = services.set_waiver(event, text=text, by=by)
        return Response(WaiverSerializer(waiver).data)

    @extend_schema(parameters=[ScopeSerializer], responses={204: None})
    def delete(self, request: Request, event_id: int) -> Response:
        """Ask for no waiver any more; what was accepted stays on record."""
        event = managed_event(request, event_id)
        given = ScopeSerializer(data=request.query_params)
        given.is_valid(raise_exception=True)
        if is_for_all(request, event, given):
            services.remove_series_waiver(event)
        else:
            services.remove_waiver(event)
        return Response(status=status.HTTP_204_NO_CONTENT)
