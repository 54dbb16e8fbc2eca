"""Nearby: right anywhere on Earth, checked against an independent geodesic."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from geographiclib.geodesic import Geodesic
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from events.models import Event
from tests.factories import CategoryFactory, EventFactory, UserFactory
from tests.plans import plan

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/nearby/"
SAO_PAULO = {"lat": -23.5505, "lng": -46.6333}
# How much a sphere may differ from the Earth.
TOLERANCE = 0.006


def true_distance_km(here, there):
    return Geodesic.WGS84.Inverse(*here, *there)["s12"] / 1000


def near(client, lat, lng, **query):
    response = client.get(URL, {"lat": lat, "lng": lng, **query})
    assert response.status_code == 200, response.content
    return [event["id"] for event in response.json()["results"]]


def test_the_nearest_comes_first_with_its_distance(anonymous):
    far = EventFactory(latitude=-23.65, longitude=-46.63)
    close = EventFactory(latitude=-23.56, longitude=-46.63)
    EventFactory(latitude=-22.9, longitude=-43.2)
    EventFactory(latitude=None, longitude=None)

    results = anonymous.get(URL, SAO_PAULO).json()["results"]

    assert [event["id"] for event in results] == [close.pk, far.pk]
    assert results[0]["distance_km"] == pytest.approx(1.109, rel=TOLERANCE)
    assert results[0]["distance_km"] == round(results[0]["distance_km"], 3)


def test_only_published_events_to_come(anonymous):
    start = timezone.now() - timedelta(days=1)
    EventFactory(starts_at=start, ends_at=start + timedelta(hours=1))
    EventFactory(status="draft")
    EventFactory(status="cancelled", cancel_reason="Chuva")

    assert near(anonymous, **SAO_PAULO) == []


def test_the_radius_is_25_km_unless_another_is_given(anonymous):
    event = EventFactory(latitude=-23.85, longitude=-46.6333)  # 33 km away

    assert near(anonymous, **SAO_PAULO) == []
    assert near(anonymous, **SAO_PAULO, radius_km=35) == [event.pk]
    assert near(anonymous, **SAO_PAULO, radius_km=33) == []


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ((0, 179.95), (0, -179.95)),
        ((0, -179.95), (0, 179.95)),
        ((-17, 180), (-17, -179.9)),
        ((-17, -180), (-17, 179.9)),
        ((90, 0), (89.9, 123)),
        ((-90, 45), (-89.9, -170)),
        ((89.95, 10), (89.95, -170)),
        ((-89.99, 0), (-89.99, 180)),
        ((84, 0), (84, 1.5)),
    ],
)
def test_neither_the_date_line_nor_the_poles_are_in_the_way(anonymous, here, there):
    event = EventFactory(latitude=there[0], longitude=there[1])

    assert near(anonymous, *here) == [event.pk]


@pytest.fixture
def event():
    return EventFactory()


HALF_A_METRE = 0.0005  # distances are rounded to metres
LATITUDES, LONGITUDES = st.floats(-90, 90), st.floats(-180, 180)


@settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    latitude=LATITUDES,
    longitude=LONGITUDES,
    azimuth=st.floats(0, 360),
    radius=st.floats(0.01, 200),
    share=st.floats(0, 2),
)
@example(latitude=90.0, longitude=0.0, azimuth=0.0, radius=200.0, share=0.9)
@example(latitude=-89.0, longitude=180.0, azimuth=180.0, radius=200.0, share=0.99)
@example(latitude=0.0, longitude=-180.0, azimuth=270.0, radius=1.0, share=0.99)
def test_found_or_not_as_the_geodesic_says(event, latitude, longitude, azimuth, radius, share):
    there = Geodesic.WGS84.Direct(latitude, longitude, azimuth, radius * share * 1000)
    Event.objects.update(latitude=there["lat2"], longitude=there["lon2"])

    found = Event.objects.nearby(latitude, longitude, radius).first()

    if share < 1 - TOLERANCE:
        assert found
    if share > 1 + TOLERANCE:
        assert found is None
    if found:
        true = true_distance_km((latitude, longitude), (there["lat2"], there["lon2"]))
        assert abs(found.distance_km - true) <= TOLERANCE * true + HALF_A_METRE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lat", None),
        ("lng", None),
        ("lat", "90.1"),
        ("lat", "-91"),
        ("lng", "180.5"),
        ("lat", "nan"),
        ("lng", "NaN"),
        ("lng", "inf"),
        ("lat", "south"),
        ("lat", "1\0"),
        ("radius_km", "200.1"),
        ("radius_km", "-1"),
        ("radius_km", "nan"),
        ("radius_km", "far"),
    ],
)
def test_what_is_no_place_is_refused_by_name(anonymous, name, value):
    query = {**SAO_PAULO, name: value}

    response = anonymous.get(URL, {key: given for key, given in query.items() if given})

    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [name]


def test_twenty_to_a_page_in_two_queries(anonymous, django_assert_num_queries):
    EventFactory.create_batch(21, category=CategoryFactory(), organizer=UserFactory())

    with django_assert_num_queries(2):
        first = anonymous.get(URL, SAO_PAULO).json()

    assert first["count"] == 21
    assert len(first["results"]) == 20
    assert len(anonymous.get(first["next"]).json()["results"]) == 1


def test_it_can_use_the_index():
    for number in range(100):  # elsewhere: with all in one place the database would not bother
        EventFactory(latitude=-30 - number / 10, longitude=-60)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_event")

    assert "event_by_place" in plan(Event.objects.published().upcoming().nearby(-23.5, -46.6, 10))
