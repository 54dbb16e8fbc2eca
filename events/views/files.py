"""Answers that are files: QR codes and calendars."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import idempotent
from events import calendars, services, tickets
from events.examples import CALENDAR_FEED, VENUE_CODE
from events.models import CalendarFeed, Event, EventParticipant, new_code
from events.reading import CalendarFeedSerializer, ImageQuery, VenueCodeSerializer
from events.views.access import acting_user, managed_event

CALENDAR = {(200, "text/calendar"): OpenApiTypes.STR}
IMAGES = {
    (200, content_type): OpenApiTypes.BINARY for content_type in tickets.CONTENT_TYPES.values()
}
# A feed goes back so far; what was before stays in the history.
FEED_STARTS = timedelta(days=365)


class OneFormat(BaseContentNegotiation):
    """Gives a file, or an error as JSON, whatever a camera or calendar program says it accepts."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class TicketView(APIView):
    content_negotiation_class = OneFormat

    @extend_schema(parameters=[ImageQuery], responses=IMAGES)
    def get(self, request: Request, event_id: int) -> HttpResponse:
        """One's ticket, a QR code that organizers scan; for who has a seat."""
        asked = ImageQuery(data=request.query_params)
        asked.is_valid(raise_exception=True)
        image = asked.validated_data["image"]
        places = EventParticipant.objects.confirmed()
        place = get_object_or_404(places, event=event_id, user=request.user)
        answer = HttpResponse(
            tickets.draw(place.ticket_code, image), content_type=tickets.CONTENT_TYPES[image]
        )
        answer["Content-Disposition"] = f'inline; filename="ticket-{event_id}.{image}"'
        return answer


class CertificateView(APIView):
    content_negotiation_class = OneFormat
    may_conflict = True

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, event_id: int) -> HttpResponse:
        """One's certificate as a PDF: for who has counted hours at an event that is over.

        It carries a code by which anybody sees whether it still holds.
        """
        # Not at the start of a process: it brings numpy along, which most never need.
        from events import certificates

        places = EventParticipant.objects.select_related("user", "event__organizer")
        place = get_object_or_404(places, event=event_id, user=acting_user(request))
        certificate = services.certify(place)
        answer = HttpResponse(certificates.draw(certificate), content_type="application/pdf")
        answer["Content-Disposition"] = f'inline; filename="certificate-{event_id}.pdf"'
        return answer


class VenueCodeView(APIView):
    @extend_schema(responses=VenueCodeSerializer, examples=[VENUE_CODE])
    def get(self, request: Request, event_id: int) -> Response:
        """The code to hang up at the venue, by which people check themselves in."""
        event = managed_event(request, event_id)
        code = event.venue_code
        return Response({"event": event.pk, "venue_code": code, "qr_code": tickets.data_url(code)})


class EventCalendarView(APIView):
    permission_classes = (AllowAny,)
    content_negotiation_class = OneFormat

    @extend_schema(responses=CALENDAR)
    def get(self, request: Request, event_id: int) -> HttpResponse:
        """The event as a file for calendars."""
        events = Event.objects.visible_to(request.user).select_related("category")
        event = get_object_or_404(events, pk=event_id)
        body = calendars.calendar([event], name=event.title, uid=calendars.uid_of(event))
        return _file(body, f"event-{event.pk}.ics")


class CalendarFeedView(APIView):
    """One's own calendar: a secret address to subscribe to, until it is renewed or revoked."""

    @extend_schema(responses=CalendarFeedSerializer, examples=[CALENDAR_FEED])
    def get(self, request: Request) -> Response:
        feed = get_object_or_404(CalendarFeed, user=acting_user(request))
        return Response(_feed(request, feed))

    @extend_schema(request=None, responses={201: CalendarFeedSerializer}, examples=[CALENDAR_FEED])
    @idempotent
    def post(self, request: Request) -> Response:
        """Make the address, or replace it by a new one."""
        fresh = {"token": new_code(), "created_at": timezone.now()}
        feed, _ = CalendarFeed.objects.update_or_create(user=acting_user(request), defaults=fresh)
        return Response(_feed(request, feed), status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        CalendarFeed.objects.filter(user=acting_user(request)).delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class PersonalCalendarView(APIView):
    """What the secret address gives: whoever knows it may read."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    content_negotiation_class = OneFormat

    @extend_schema(responses=CALENDAR)
    def get(self, request: Request, token: str) -> HttpResponse:
        feeds = CalendarFeed.objects.filter(user__is_active=True).select_related("user")
        feed = get_object_or_404(feeds, token=token)
        user = feed.user
        recent = Event.objects.of(user).filter(ends_at__gte=timezone.now() - FEED_STARTS)
        events = recent.with_place_of(user).select_related("category").order_by("starts_at", "pk")
        body = calendars.calendar(events, name="Mutirão", uid=f"feed-{feed.pk}")
        answer = _file(body, "mutirao.ics")
        answer["Cache-Control"] = "private, no-store"  # no token says so: the address is the secret
        return answer


def _file(body: bytes, filename: str) -> HttpResponse:
    answer = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _feed(request: Request, feed: CalendarFeed) -> dict[str, Any]:
    path = f"/api/v1/events/calendar/{feed.token}.ics"
    url = request.build_absolute_uri(path)
    return dict(CalendarFeedSerializer({"url": url, "created_at": feed.created_at}).data)
