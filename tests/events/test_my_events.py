"""One's own events, as organizer or participant, and one's history."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.factories import CategoryFactory, EventFactory, ParticipantFactory, UserFactory
from users.models import Contribution

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/my_events/"
HISTORY = "/api/v1/users/profile/participations/"


def mine(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return [
        (event["id"], event["my_role"], event["my_status"]) for event in response.json()["results"]
    ]


def past():
    start = timezone.now() - timedelta(days=3)
    return {"starts_at": start, "ends_at": start + timedelta(hours=2)}


@pytest.fixture
def own(user):
    return EventFactory(organizer=user, status="draft", starts_at=timezone.now() + timedelta(1))


@pytest.fixture
def helped(user):
    event = EventFactory(**past())
    event.co_organizers.add(user)
    return event


@pytest.fixture
def joined(user):
    return ParticipantFactory(user=user, event__starts_at=timezone.now() + timedelta(2)).event


def test_all_that_concern_me_the_latest_first(api, user, own, helped, joined):
    EventFactory()
    ParticipantFactory()

    assert mine(api) == [
        (joined.pk, "participant", "confirmed"),
        (own.pk, "organizer", None),
        (helped.pk, "organizer", None),
    ]


def test_by_role(api, user, own, helped, joined):
    ParticipantFactory(user=user, event=own)

    assert mine(api, role="participant") == [(joined.pk, "participant", "confirmed")]
    assert mine(api, role="organizer") == [
        (own.pk, "organizer", "confirmed"),
        (helped.pk, "organizer", None),
    ]


def test_by_time(api, own, helped, joined):
    assert [event for event, *_ in mine(api, when="upcoming")] == [own.pk, joined.pk]
    assert [event for event, *_ in mine(api, when="past")] == [helped.pk]
    assert mine(api, role="participant", when="past") == []


def test_what_i_left_is_not_mine(api, user):
    ParticipantFactory(user=user, status="left")
    waits = ParticipantFactory(user=user, status="waitlisted").event
    missed = ParticipantFactory(user=user, status="no_show", event=EventFactory(**past())).event

    assert mine(api) == [
        (waits.pk, "participant", "waitlisted"),
        (missed.pk, "participant", "no_show"),
    ]


@pytest.mark.parametrize("name", ["role", "when"])
def test_an_unknown_value_is_refused_by_name(api, name):
    response = api.get(URL, {name: "sometimes"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == name


@pytest.mark.parametrize("url", [URL, HISTORY])
def test_one_must_sign_in(anonymous, url):
    assert anonymous.get(url).status_code == 401


@pytest.mark.parametrize("query", [{}, {"role": "organizer"}, {"when": "upcoming"}])
def test_two_queries_however_many(api, user, django_assert_num_queries, query):
    for event in EventFactory.create_batch(7, organizer=user, category=CategoryFactory()):
        event.co_organizers.add(UserFactory())
    ParticipantFactory.create_batch(7, user=user)

    with django_assert_num_queries(2):
        api.get(URL, query)


def test_history_tells_what_became_of_each_with_its_hours(api, user):
    event = EventFactory(**past(), status="finished")
    came = ParticipantFactory(
        event=event, user=user, checked_in_at=event.starts_at, checked_out_at=event.ends_at
    )
    left = ParticipantFactory(user=user, status="left")
    for number, amount in enumerate(["2.50", "0.50"]):
        Contribution.objects.create(
            user=user,
            kind="hours",
            amount=Decimal(amount),
            source=f"event:{event.pk}:user:{user.pk}:{number}",
            happened_at=event.ends_at,
        )
    Contribution.objects.create(
        user=user,
        kind="hours",
        amount=Decimal("7"),
        source=f"event:{event.pk}0:user:{user.pk}:1",
        happened_at=event.ends_at,
    )

    lines = api.get(HISTORY).json()["results"]

    assert [(line["id"], line["status"], line["hours"]) for line in lines] == [
        (left.pk, "left", 0.0),
        (came.pk, "confirmed", 3.0),
    ]
    assert lines[1]["event"] == event.pk
    assert lines[1]["title"] == event.title
    assert lines[1]["event_status"] == "finished"
    assert lines[1]["checked_out_at"] == event.ends_at.isoformat().replace("+00:00", "Z")


def test_history_takes_two_queries_however_long(api, user, django_assert_num_queries):
    ParticipantFactory.create_batch(12, user=user)

    with django_assert_num_queries(2):
        response = api.get(HISTORY)

    assert response.json()["count"] == 12


def test_a_place_on_the_waiting_list_is_told(api, user):
    first = ParticipantFactory(status="waitlisted")
    ParticipantFactory(status="waitlisted", user=user, event=first.event)

    assert api.get(HISTORY).json()["results"][0]["position"] == 2
