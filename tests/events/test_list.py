"""The list of events: what it shows, in which order, and in how many queries."""

import json
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.formats import OrjsonRenderer
from events.models import Event
from events.rows import as_json
from events.serializers import EventSerializer
from tests.factories import CategoryFactory, EventFactory, ParticipantFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/"


def past(**facts):
    start = timezone.now() - timedelta(days=3)
    return EventFactory(starts_at=start, ends_at=start + timedelta(hours=2), **facts)


def listed(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return [event["id"] for event in response.json()["results"]]


def refused(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 400
    assert response.json()["type"] == "validation_error"
    return [error["attr"] for error in response.json()["errors"]]


def test_anyone_reads_published_events_to_come(anonymous):
    shown = EventFactory()
    for status in ("draft", "finished", "archived"):
        EventFactory(status=status)
    EventFactory(status="cancelled", cancel_reason="Chuva")
    past()

    assert listed(anonymous) == [shown.pk]


def test_an_event_that_is_on_still_counts_as_to_come(anonymous):
    now = timezone.now()
    event = EventFactory(starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1))

    assert listed(anonymous) == [event.pk]


def test_the_next_one_comes_first_and_equals_keep_one_order(anonymous):
    start = timezone.now() + timedelta(days=2)
    late = EventFactory(starts_at=start + timedelta(days=1))
    first, second = EventFactory(starts_at=start), EventFactory(starts_at=start)

    assert listed(anonymous) == [first.pk, second.pk, late.pk]


def test_every_field_is_as_the_serializer_gives_it(anonymous):
    event = EventFactory(
        title='Aspas " barra \\ tab \t e 🌱',
        description="linha\nseguinte </script>",
        latitude=-23.550512345678,
        longitude=0.1,
        starts_at=timezone.now().replace(microsecond=0) + timedelta(days=1),
        signup_closes_at=timezone.now().replace(microsecond=120000),
        min_age=12,
    )
    event.co_organizers.set(UserFactory.create_batch(2))
    EventFactory(latitude=None, longitude=None, starts_at=event.starts_at + timedelta(days=1))
    events = Event.objects.with_co_organizers().order_by("starts_at")

    response = anonymous.get(URL)

    results = OrjsonRenderer().render(EventSerializer(events, many=True).data)
    assert response.content == (
        b'{"count":2,"next":null,"previous":null,"results":' + results + b"}"
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    title=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50),
    latitude=st.floats(-90, 90),
    moment=st.datetimes().map(lambda moment: moment.replace(year=2000 + moment.year % 100)),
)
def test_any_value_reads_the_same_from_the_database_and_the_serializer(
    event, title, latitude, moment
):
    signup_closes_at = timezone.make_aware(moment)
    Event.objects.filter(pk=event.pk).update(
        title=title, latitude=latitude, signup_closes_at=signup_closes_at
    )

    rows = json.loads(orjson.dumps(as_json(Event.objects.filter(pk=event.pk))))

    serialized = EventSerializer(Event.objects.get(pk=event.pk)).data
    assert rows == json.loads(OrjsonRenderer().render([serialized]))


@pytest.fixture
def event():
    return EventFactory()


def test_category_filters(anonymous):
    event, _ = EventFactory(), EventFactory()

    assert listed(anonymous, category=event.category_id) == [event.pk]


def test_status_asks_for_others_whenever_they_were(anonymous):
    finished, published = past(status="finished"), past()
    cancelled = EventFactory(status="cancelled", cancel_reason="Chuva")

    assert listed(anonymous, status="finished") == [finished.pk]
    assert listed(anonymous, status="published") == [published.pk]
    assert listed(anonymous, status=["finished", "cancelled"]) == [finished.pk, cancelled.pk]


def test_dates_ask_for_what_took_place(anonymous):
    over, running = past(status="finished"), past()
    past(status="cancelled", cancel_reason="Chuva")
    EventFactory()

    before = timezone.now().isoformat()

    assert listed(anonymous, starts_before=before) == [over.pk, running.pk]


def test_dates_include_their_start_and_not_their_end(anonymous):
    event = EventFactory()
    start = event.starts_at.isoformat()

    assert listed(anonymous, starts_after=start) == [event.pk]
    assert listed(anonymous, starts_before=start) == []


def test_a_plus_that_was_not_encoded_is_understood(anonymous):
    event = EventFactory()

    response = anonymous.get(f"{URL}?starts_after=2026-01-01T00:00:00+03:00")

    assert [found["id"] for found in response.json()["results"]] == [event.pk]


@pytest.mark.parametrize("city", ["São Paulo", "sao paulo", "SÃO PAULO", " São Paulo "])
def test_city_is_found_in_any_case_and_without_accents(anonymous, city):
    event = EventFactory()
    EventFactory(city="Santos")
    EventFactory(city="São Paulo de Olivença")

    assert listed(anonymous, city=city) == [event.pk]


def test_has_seats_tells_full_events_from_others(anonymous):
    full = ParticipantFactory(event__capacity=1).event
    free = EventFactory()

    assert listed(anonymous, has_seats="true") == [free.pk]
    assert listed(anonymous, has_seats="false") == [full.pk]


def test_filters_add_up(anonymous):
    event = EventFactory(city="Santos")
    EventFactory(city="Santos", category=CategoryFactory())
    EventFactory(category=event.category)

    assert listed(anonymous, city="santos", category=event.category_id) == [event.pk]


@pytest.mark.parametrize(
    ("ordering", "places"),
    [
        ("starts_at", [1, 0, 2]),
        ("-starts_at", [2, 0, 1]),
        ("created_at", [0, 1, 2]),
        ("-created_at", [2, 1, 0]),
    ],
)
def test_ordering(anonymous, ordering, places):
    now = timezone.now()
    events = [EventFactory(starts_at=now + timedelta(days=days)) for days in (2, 1, 3)]

    assert listed(anonymous, ordering=ordering) == [events[place].pk for place in places]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("category", "0"),
        ("category", "x"),
        ("category", "9" * 40),
        ("status", "open"),
        ("city", "a\0"),
        ("city", "a" * 121),
        ("starts_after", "tomorrow"),
        ("starts_after", "2027-01-01T00:00:00"),
        ("starts_before", "1999-12-31T23:59:59Z"),
        ("has_seats", "maybe"),
        ("search", "a\0"),
        ("search", "a" * 201),
        ("ordering", "organizer__email"),
        ("ordering", "?"),
        ("page", "x"),
        ("page_size", "0"),
    ],
)
def test_a_value_that_is_none_is_refused_by_name(anonymous, name, value):
    assert refused(anonymous, **{name: value}) == [name]


def test_unknown_parameters_and_empty_ones_are_ignored(anonymous):
    event = EventFactory()

    assert listed(anonymous, utm_source="x", city="", status="", has_seats="") == [event.pk]


def test_twenty_to_a_page_with_links(anonymous):
    EventFactory.create_batch(21, category=CategoryFactory(), organizer=UserFactory())

    first = anonymous.get(URL).json()
    second = anonymous.get(first["next"]).json()

    assert (first["count"], len(first["results"])) == (21, 20)
    assert first["previous"] is None
    assert first["next"] == "http://testserver/api/v1/events/?page=2"
    assert len(second["results"]) == 1
    assert second["next"] is None


def test_links_stay_under_the_prefix_that_was_asked(anonymous):
    EventFactory.create_batch(2, category=CategoryFactory(), organizer=UserFactory())

    versioned = anonymous.get(URL, {"page_size": 1}).json()
    unversioned = anonymous.get("/api/events", {"page_size": 1}).json()

    assert versioned["next"].startswith("http://testserver/api/v1/events/")
    assert unversioned["next"].startswith("http://testserver/api/events/")


@pytest.mark.parametrize("page", ["2", str(10**9)])
def test_a_page_that_is_not_there_is_404(anonymous, page):
    EventFactory()

    assert anonymous.get(URL, {"page": page}).status_code == 404


def test_an_empty_list_has_a_first_page(anonymous):
    assert anonymous.get(URL).json() == {
        "count": 0,
        "next": None,
        "previous": None,
        "results": [],
    }


def test_drafts_are_shown_to_who_runs_them(anonymous, api, user, staff, client_of):
    own = EventFactory(status="draft", organizer=user)
    helped = EventFactory(status="draft")
    helped.co_organizers.add(user)
    other = EventFactory(status="draft")

    assert listed(anonymous, status="draft") == []
    assert listed(api, status="draft") == [own.pk, helped.pk]
    assert listed(client_of(staff), status="draft") == [own.pk, helped.pk, other.pk]


def test_the_list_takes_two_queries_however_long(anonymous, django_assert_num_queries):
    for event in EventFactory.create_batch(12, category=CategoryFactory()):
        event.co_organizers.add(event.organizer)

    with django_assert_num_queries(2):
        anonymous.get(URL)
    with django_assert_num_queries(3):
        anonymous.get(
            URL, {"category": event.category_id, "search": "mutirao", "city": "sao paulo"}
        )
