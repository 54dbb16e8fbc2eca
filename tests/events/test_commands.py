"""What all commands have in common."""

import pytest

from events.models import Event, EventParticipant
from tests.factories import EventFactory, ParticipantFactory

BIG = 10**30
COMMANDS = ["join", "leave", "check_in", "check_out", "publish", "cancel"]
CORRECTIONS = ["remove", "undo_check_in", "no_show"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("event", [0, 4711, 2**63, BIG])
def test_an_event_that_is_not_there_is_not_found(api, command, event):
    response = api.post(f"/api/v1/events/{event}/{command}/", {"reason": "x"})

    assert response.status_code == 404
    assert response.json()["errors"][0]["code"] == "not_found"


@pytest.mark.parametrize("command", CORRECTIONS)
@pytest.mark.parametrize("participant", [0, 4711, 2**63, BIG])
def test_a_participant_who_is_not_there_is_not_found(api, user, command, participant):
    event = EventFactory(organizer=user)

    response = api.post(
        f"/api/v1/events/{event.pk}/participants/{participant}/{command}/", {"reason": "x"}
    )

    assert response.status_code == 404


@pytest.mark.parametrize("command", [*COMMANDS, *CORRECTIONS])
def test_commands_need_an_account_and_change_nothing_without(anonymous, db, command):
    place = ParticipantFactory()
    path = f"participants/{place.pk}/{command}" if command in CORRECTIONS else command
    before = Event.objects.values().get(), EventParticipant.objects.values().get()

    response = anonymous.post(f"/api/v1/events/{place.event.pk}/{path}/", {"reason": "x"})

    assert response.status_code == 401
    assert before == (Event.objects.values().get(), EventParticipant.objects.values().get())


@pytest.mark.parametrize("command", [*COMMANDS, *CORRECTIONS])
def test_commands_are_given_by_post_only(api, user, command):
    place = ParticipantFactory(event__organizer=user)
    path = f"participants/{place.pk}/{command}" if command in CORRECTIONS else command

    for method in (api.get, api.put, api.patch, api.delete):
        assert method(f"/api/v1/events/{place.event.pk}/{path}/").status_code == 405


def test_the_last_slash_may_be_left_out(api):
    event = EventFactory()

    assert api.post(f"/api/v1/events/{event.pk}/join").status_code == 201
    assert api.post(f"/api/events/{event.pk}/leave").status_code == 200


@pytest.mark.parametrize("body", ["[]", "5", "null", '"x"', "{", '{"reason": NaN}'])
def test_a_reason_that_is_no_object_is_refused(api, user, body):
    event = EventFactory(organizer=user)

    response = api.post(f"/api/v1/events/{event.pk}/cancel/", body, content_type="application/json")

    event.refresh_from_db()
    assert (response.status_code, event.status) == (400, "published")


def test_a_retried_join_with_its_key_gives_the_first_answer(api):
    event = EventFactory()
    url, headers = f"/api/v1/events/{event.pk}/join/", {"Idempotency-Key": "k1"}

    first = api.post(url, headers=headers)
    again = api.post(url, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()


def test_joining_over_http_is_few_statements(api, django_assert_num_queries):
    event = EventFactory()

    # The event as one may see it, the ten of the service, and the answer.
    with django_assert_num_queries(12):
        api.post(f"/api/v1/events/{event.pk}/join/")
