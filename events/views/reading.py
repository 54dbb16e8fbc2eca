"""Reading about events: anyone may see what is published."""

from typing import Any, cast

import orjson
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics
from rest_framework.permissions import AllowAny, IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request

from config.api import MicroCached, PageNumberPagination
from events import caching
from events.examples import CATEGORY, EVENT, MINE, NEARBY
from events.filters import EventFilter
from events.models import Event, EventCategory
from events.querysets import EventQuerySet
from events.reading import (
    CategorySerializer,
    MyEventSerializer,
    MyEventsQuery,
    NearbyEventSerializer,
    NearbyQuery,
)
from events.rows import as_json
from events.serializers import EventSerializer
from events.views.access import acting_user
from users.models import User


class EventPagination(PageNumberPagination):
    """Lets the view count, and reads its pages as JSON."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        self.request = request
        pages = Paginator(queryset, self.get_page_size(request) or self.page_size)
        pages.count = view.count(queryset)
        self.page = pages.page(self.get_page_number(request, pages))
        return as_json(cast(EventQuerySet, self.page.object_list), *view.more)


class PageOfEventsView(generics.ListAPIView[Event]):
    """A list whose rows the database makes into JSON; the serializer only describes them."""

    pagination_class = EventPagination
    queryset = Event.objects.none()
    more: tuple[str, ...] = ()  # what the queryset annotates for JSON

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(page)

    def count(self, events: EventQuerySet) -> int:
        return events.count()


KNOWN = (*EventFilter.base_filters, "page", "page_size")


class EventListView(MicroCached, PageOfEventsView):
    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = EventSerializer
    filterset_class = EventFilter

    @property
    def is_personal(self) -> bool:
        """Whose drafts one sees depends on who asks; everything else is the same for all."""
        return Event.Status.DRAFT in self.request.query_params.getlist("status")

    def get_queryset(self) -> EventQuerySet:
        return Event.objects.visible_to(self.request.user if self.is_personal else None)

    @extend_schema(examples=[EVENT])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        """Published events to come, the next one first; `status` or dates ask for others."""
        if self.is_personal:
            body = self.body()
        else:
            body = caching.fetch(request.build_absolute_uri(), self.body)
        return HttpResponse(body, content_type="application/json")

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        """Forget what the list does not know: it must neither fill the cache nor stand in links."""
        known = [(name, request.GET.getlist(name)) for name in KNOWN if name in request.GET]
        request.META["QUERY_STRING"] = urlencode(known, doseq=True)
        return super().initialize_request(request, *args, **kwargs)

    def body(self) -> bytes:
        page = self.paginate_queryset(self.listed())
        return orjson.dumps(self.get_paginated_response(page).data)

    def listed(self) -> EventQuerySet:
        if EventFilter.base_filters.keys().isdisjoint(self.request.query_params):
            # What most people ask for; making the filters would cost more than the query.
            return Event.objects.published().upcoming().order_by("starts_at", "pk")
        return cast(EventQuerySet, self.filter_queryset(self.get_queryset()))

    def count(self, events: EventQuerySet) -> int:
        if self.is_personal:
            return super().count(events)
        given = self.request.query_params
        names = [name for name in EventFilter.base_filters if name in given and name != "ordering"]
        kept = caching.fetch(
            "count?" + urlencode([(name, given.getlist(name)) for name in names], doseq=True),
            lambda: str(events.count()).encode(),
            rests_on=caching.FACTS if "has_seats" in given else caching.LISTED,
        )
        return int(kept)


@extend_schema_view(get=extend_schema(examples=[EVENT]))
class EventDetailView(MicroCached, generics.RetrieveAPIView[Event]):
    """An event; a draft only for those who run it."""

    permission_classes = (IsAuthenticatedOrReadOnly,)
    serializer_class = EventSerializer
    lookup_url_kwarg = "event_id"

    def get_queryset(self) -> EventQuerySet:
        return Event.objects.visible_to(self.request.user).with_co_organizers()


@extend_schema(examples=[CATEGORY])
class CategoryListView(MicroCached, generics.ListAPIView[EventCategory]):
    """What people do at events."""

    permission_classes = (AllowAny,)
    serializer_class = CategorySerializer
    queryset = EventCategory.objects.filter(is_active=True)
    pagination_class = None


@extend_schema(parameters=[NearbyQuery], examples=[NEARBY])
class NearbyView(MicroCached, PageOfEventsView):
    """Published events to come around a place, the nearest first."""

    permission_classes = (AllowAny,)
    serializer_class = NearbyEventSerializer
    more = ("distance_km",)

    def get_queryset(self) -> EventQuerySet:
        asked = NearbyQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        place = asked.validated_data
        events = Event.objects.published().upcoming()
        return events.nearby(place["lat"], place["lng"], place["radius_km"])


@extend_schema(parameters=[MyEventsQuery], examples=[MINE])
class MyEventsView(PageOfEventsView):
    """Events that one organizes or takes part in; what one left is in the history."""

    permission_classes = (IsAuthenticated,)
    serializer_class = MyEventSerializer
    more = ("my_role", "my_status")

    def get_queryset(self) -> EventQuerySet:
        asked = MyEventsQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        user = acting_user(self.request)
        events = _of(user, asked.validated_data.get("role")).with_place_of(user)
        match asked.validated_data.get("when"):
            case "upcoming":
                return events.upcoming().order_by("starts_at", "pk")
            case "past":
                events = events.past()
        return events.order_by("-starts_at", "-pk")


def _of(user: User, role: str | None) -> EventQuerySet:
    match role:
        case "organizer":
            return Event.objects.organized_by(user)
        case "participant":
            return Event.objects.joined_by(user)
    return Event.objects.of(user)
