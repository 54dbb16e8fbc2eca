"""One event, and the categories."""

import pytest

from events.models import EventCategory
from tests.factories import CategoryFactory, EventFactory

pytestmark = pytest.mark.django_db


def url(event):
    return f"/api/v1/events/{event.pk}/"


@pytest.mark.parametrize("status", ["published", "finished", "archived"])
def test_anyone_reads_an_event(anonymous, status):
    event = EventFactory(status=status)

    response = anonymous.get(url(event))

    assert response.status_code == 200
    assert response.json()["id"] == event.pk
    assert response.json()["starts_at"].endswith("Z")


def test_a_cancelled_event_says_why(anonymous):
    event = EventFactory(status="cancelled", cancel_reason="Chuva forte")

    assert anonymous.get(url(event)).json()["cancel_reason"] == "Chuva forte"


def test_another_persons_draft_does_not_exist(anonymous, api):
    event = EventFactory(status="draft")

    assert anonymous.get(url(event)).status_code == 404
    assert api.get(url(event)).status_code == 404


def test_a_draft_is_read_by_those_who_run_it(client_of, staff, user):
    event = EventFactory(status="draft")
    event.co_organizers.add(user)

    for person in (event.organizer, user, staff):
        assert client_of(person).get(url(event)).status_code == 200


def test_what_is_not_there_is_404_in_json(anonymous):
    response = anonymous.get("/api/v1/events/999999/")

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


def test_one_event_takes_two_queries(anonymous, django_assert_num_queries):
    event = EventFactory()

    with django_assert_num_queries(2):
        anonymous.get(url(event))


def test_categories_in_use_are_listed_by_name(anonymous, django_assert_num_queries):
    EventCategory.objects.all().delete()
    CategoryFactory(name="Plantio"), CategoryFactory(name="Limpeza")
    CategoryFactory(name="Antiga", is_active=False)

    with django_assert_num_queries(1):
        categories = anonymous.get("/api/v1/events/categories/").json()

    assert [category["name"] for category in categories] == ["Limpeza", "Plantio"]
    assert set(categories[0]) == {"id", "name", "slug", "description", "metrics"}
