"""A draft after the model of another event: the same in all but time and people."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import services
from events.models import Event
from tests.factories import EventFactory, ParticipantFactory, ResourceFactory, UserFactory

pytestmark = pytest.mark.django_db


def copy(client, event, **body):
    return client.post(f"/api/v1/events/{event.pk}/copy/", body)


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


@pytest.fixture
def event(user):
    event = EventFactory(organizer=user, description="Com luvas.", min_age=16)
    event.co_organizers.add(UserFactory())
    ParticipantFactory(event=event)
    return event


def test_a_copy_is_a_draft_without_people(api, event):
    starts_at = event.starts_at + timedelta(days=30)

    response = copy(api, event, starts_at=starts_at.isoformat())

    draft = Event.objects.get(pk=response.json()["id"])
    assert response.status_code == 201
    assert (draft.status, draft.seats_taken, draft.participants.count()) == ("draft", 0, 0)
    assert (draft.starts_at, draft.ends_at) == (starts_at, starts_at + timedelta(hours=3))
    for name in ("title", "description", "category", "organizer", "address", "city", "min_age"):
        assert getattr(draft, name) == getattr(event, name)
    assert list(draft.co_organizers.all()) == list(event.co_organizers.all())
    assert draft.venue_code != event.venue_code


def test_what_is_needed_is_needed_again_and_nobody_has_pledged_it(event):
    ResourceFactory(event=event, name="Enxada", needed=4, pledged=3)
    ResourceFactory(event=event, kind="ride", offered_by=UserFactory())

    draft = services.copy(event, starts_at=event.starts_at + timedelta(days=7), by=event.organizer)

    assert [(one.name, one.needed, one.pledged) for one in draft.resources.all()] == [
        ("Enxada", 4, 0)
    ]


def test_deadlines_keep_their_distance(event):
    event.signup_closes_at = event.starts_at - timedelta(days=2)
    event.save()

    draft = services.copy(event, starts_at=event.starts_at + timedelta(days=7), by=event.organizer)

    assert draft.starts_at - draft.signup_closes_at == timedelta(days=2)
    assert draft.leave_closes_at is None


def test_the_copy_keeps_whether_photos_wait_for_staff(event):
    event.photos_need_approval = True

    draft = services.copy(event, starts_at=event.starts_at + timedelta(days=7), by=event.organizer)

    assert draft.photos_need_approval


def test_the_event_of_a_closed_account_is_copied_for_who_asks(api, user):
    event = EventFactory(organizer__is_active=False)
    event.co_organizers.add(user)

    answer = copy(api, event, starts_at=event.starts_at + timedelta(days=7))

    draft = Event.objects.get(pk=answer.json()["id"])
    assert (draft.organizer, draft.co_organizers.count()) == (user, 0)


def test_what_is_over_can_be_copied(api, user):
    event = EventFactory(
        organizer=user, status="finished", starts_at=timezone.now() - timedelta(days=9)
    )

    assert copy(api, event, starts_at=timezone.now() + timedelta(days=1)).status_code == 201


def test_the_waiver_comes_along_as_a_first_version(user, event):
    for text in ("Antes", "Agora"):
        services.set_waiver(event, text=text, by=user)
    event.refresh_from_db()

    draft = services.copy(event, starts_at=event.starts_at + timedelta(days=7), by=event.organizer)

    assert list(draft.waivers.values_list("version", "text")) == [(1, "Agora")]
    assert draft.waiver_version == 1


def test_a_copy_starts_later_than_now(api, event):
    past = timezone.now() - timedelta(days=1)

    assert refusal(copy(api, event, starts_at=past)) == (409, "starts_in_past", "starts_at")


@pytest.mark.parametrize("starts_at", [None, "soon", 5, "2999-01-01T00:00:00Z"])
def test_a_bad_start_is_refused_by_name(api, event, starts_at):
    response = copy(api, event, starts_at=starts_at)

    assert (response.status_code, refusal(response)[2]) == (400, "starts_at")


def test_others_may_not_copy(client_of, event):
    starts_at = event.starts_at.isoformat()

    assert copy(client_of(UserFactory()), event, starts_at=starts_at).status_code == 403
