"""Who takes part, for those who run the event; and what came of it, for all."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events.models import Event
from tests.factories import EventFactory, ParticipantFactory
from users.models import Contribution

pytestmark = pytest.mark.django_db


def url(event):
    return f"/api/v1/events/{event.pk}/participants/"


def stats(client, event):
    response = client.get(f"/api/v1/events/{event.pk}/stats/")
    assert response.status_code == 200
    return response.json()


@pytest.fixture
def event(user):
    return EventFactory(organizer=user, capacity=2)


def test_organizers_see_who_comes_and_who_waits(api, event):
    confirmed = ParticipantFactory(event=event)
    first, second = (ParticipantFactory(event=event, status="waitlisted") for _ in range(2))
    ParticipantFactory()

    people = api.get(url(event)).json()["results"]

    assert [(person["id"], person["position"]) for person in people] == [
        (confirmed.pk, None),
        (first.pk, 1),
        (second.pk, 2),
    ]
    assert people[0]["name"] == confirmed.user.name
    assert "email" not in people[0]


def test_by_status(api, event):
    ParticipantFactory(event=event)
    second = [ParticipantFactory(event=event, status="waitlisted") for _ in range(2)][1]
    second.event.participants.waitlisted().first().delete()

    people = api.get(url(event), {"status": "waitlisted"}).json()["results"]

    assert [(person["id"], person["position"]) for person in people] == [(second.pk, 1)]


def test_an_unknown_status_is_refused_by_name(api, event):
    response = api.get(url(event), {"status": "gone"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "status"


def test_others_may_not_look(anonymous, client_of, staff, event):
    person = ParticipantFactory(event=event).user

    assert anonymous.get(url(event)).status_code == 401
    assert client_of(person).get(url(event)).status_code == 403
    assert client_of(staff).get(url(event)).status_code == 200


def test_the_people_of_an_unseen_draft_do_not_exist(api):
    assert api.get(url(EventFactory(status="draft"))).status_code == 404


def test_three_queries_however_many(api, event, django_assert_num_queries):
    ParticipantFactory.create_batch(12, event=event, status="waitlisted")

    with django_assert_num_queries(3):
        assert api.get(url(event)).json()["count"] == 12


def test_stats_count_without_names(anonymous):
    start = timezone.now() - timedelta(hours=5)
    event = EventFactory(
        capacity=4, starts_at=start, ends_at=start + timedelta(hours=3), status="finished"
    )
    came = {"checked_in_at": start}
    ParticipantFactory(event=event, **came, checked_out_at=start + timedelta(hours=2))
    ParticipantFactory(event=event, **came)
    ParticipantFactory(event=event)
    for status in ("no_show", "left", "left", "waitlisted"):
        ParticipantFactory(event=event, status=status)
    for number in (event.pk, f"{event.pk}1"):
        Contribution.objects.create(
            user=event.organizer,
            kind="hours",
            amount=Decimal("2.25"),
            source=f"event:{number}:user:1:1",
            happened_at=start,
        )

    assert stats(anonymous, event) == {
        "event": event.pk,
        "capacity": 4,
        "confirmed": 3,
        "waitlisted": 1,
        "left": 2,
        "no_show": 1,
        "checked_in": 2,
        "checked_out": 1,
        "attendance_rate": 0.5,
        "hours": 2.25,
        "figures": {},
    }


def test_before_the_start_there_is_no_attendance(anonymous):
    event = ParticipantFactory().event

    assert stats(anonymous, event)["attendance_rate"] is None


def test_an_event_without_people_has_no_attendance(anonymous):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=1))

    assert stats(anonymous, event)["attendance_rate"] is None


def test_stats_take_four_queries(anonymous, event, django_assert_num_queries):
    ParticipantFactory.create_batch(5, event=event, status="left")

    with django_assert_num_queries(4):
        stats(anonymous, event)


def test_a_draft_has_no_public_stats(anonymous):
    event = EventFactory(status=Event.Status.DRAFT)

    assert anonymous.get(f"/api/v1/events/{event.pk}/stats/").status_code == 404
