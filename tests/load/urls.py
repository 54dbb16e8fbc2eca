"""The product, and beside it what it is compared with, behind the same middleware."""

from celery import shared_task
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django_redis import get_redis_connection
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from config.urls import urlpatterns as product
from events import caching
from events.models import Event
from events.serializers import EventSerializer
from events.views.reading import EventListView

COUNT = 1_000_000
COMPUTED = "load:computed"
MOMENT = """replace(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    '.000000Z', 'Z') AS {0}"""
# The same list, made by nobody but the database.
PAGE = f"""
SELECT json_build_object(
    'count', {COUNT}, 'next', %s::text, 'previous', NULL, 'results', json_agg(row_to_json(shown))
)::text
FROM (
    SELECT id, title, description, category_id AS category, organizer_id AS organizer,
        ARRAY(SELECT user_id FROM events_event_co_organizers WHERE event_id = event.id
            ORDER BY user_id) AS co_organizers,
        address, city, latitude, longitude, {MOMENT.format("starts_at")},
        {MOMENT.format("ends_at")}, time_zone, capacity, capacity - seats_taken AS seats_left,
        waitlist_enabled, {MOMENT.format("signup_closes_at")},
        {MOMENT.format("leave_closes_at")}, min_age, status, cancel_reason
    FROM (
        SELECT * FROM events_event WHERE status = 'published' AND ends_at >= now()
        ORDER BY starts_at, id LIMIT 20
    ) AS event
) AS shown
"""


def empty(request):
    return HttpResponse(b"{}", content_type="application/json")


def list_by_database(request):
    with connection.cursor() as cursor:
        cursor.execute(PAGE, [request.build_absolute_uri("/load/list/?page=2")])
        return HttpResponse(cursor.fetchone()[0], content_type="application/json")


class EmptyView(APIView):
    permission_classes = [AllowAny]

    def get(self, request):
        return Response({})


class TokenView(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({})


class ListView(EventListView):
    """The product's list without its cache and without counting."""

    def get(self, request, *args, **kwargs):
        return HttpResponse(self.body(), content_type="application/json")

    def count(self, events):
        return COUNT


class MissView(EventListView):
    """The product's list whose every request comes after a change."""

    def get(self, request, *args, **kwargs):
        caching.seats_changed()
        return super().get(request, *args, **kwargs)


class CountedView(EventListView):
    """The product's list, which tells how often it was computed."""

    def body(self):
        get_redis_connection("default").incr(COMPUTED)
        return super().body()


class SerializerView(ListAPIView):
    """How the list is usually written."""

    permission_classes = [AllowAny]
    serializer_class = EventSerializer
    pagination_class = None

    def get_queryset(self):
        events = Event.objects.published().upcoming().with_co_organizers()
        return events.order_by("starts_at", "pk")[:20]


@shared_task
def nothing(line):
    """What the bare webhook publishes."""


@csrf_exempt
def insert_and_publish(request):
    """The least that keeps a call: one row, one message."""
    with connection.cursor() as cursor:
        body = request.body.decode()
        cursor.execute("INSERT INTO load_bare (body) VALUES (%s) RETURNING id", [body])
        nothing.delay(cursor.fetchone()[0])
    return HttpResponse(b"{}", content_type="application/json")


urlpatterns = [
    *product,
    path("load/insert_and_publish/", insert_and_publish),
    path("load/empty/", empty),
    path("load/empty_api/", EmptyView.as_view()),
    path("load/token/", TokenView.as_view()),
    path("load/list/", ListView.as_view()),
    path("load/list_miss/", MissView.as_view()),
    path("load/list_counted/", CountedView.as_view()),
    path("load/list_by_database/", list_by_database),
    path("load/list_by_serializer/", SerializerView.as_view()),
]
