"""QR codes: one's own ticket, and the code that hangs at the venue."""

import re

import pytest
import segno

from tests.factories import EventFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


def ticket(client, event, **query):
    return client.get(f"/api/v1/events/{event.pk}/ticket/", query)


def test_a_ticket_is_a_picture_of_its_code(api, user):
    place = ParticipantFactory(user=user)

    response = ticket(api, place.event)

    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response.content.startswith(b"\x89PNG")


def test_a_ticket_is_drawn_as_svg_when_asked(api, user):
    place = ParticipantFactory(user=user)

    response = ticket(api, place.event, image="svg")

    assert response["Content-Type"] == "image/svg+xml"
    drawn = segno.make(place.ticket_code, error="q", micro=False).svg_inline(scale=8)
    path = re.search(r' d="([^"]+)"', drawn)[1]
    assert path in response.content.decode()


@pytest.mark.parametrize("accept", ["image/png", "image/*", "text/html", "application/json"])
def test_any_program_gets_it(api, user, accept):
    place = ParticipantFactory(user=user)
    url = f"/api/v1/events/{place.event_id}/ticket/"

    response = api.get(url, headers={"accept": accept})

    assert response["Content-Type"] == "image/png"


def test_another_kind_of_picture_is_refused_by_name(api, user):
    place = ParticipantFactory(user=user)

    response = ticket(api, place.event, image="gif")

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "image"


@pytest.mark.parametrize("status", ["waitlisted", "left", "no_show"])
def test_without_a_seat_there_is_no_ticket(api, user, status):
    place = ParticipantFactory(user=user, status=status)

    assert ticket(api, place.event).status_code == 404


def test_nobody_gets_the_ticket_of_another(anonymous, api):
    event = ParticipantFactory().event

    assert ticket(api, event).status_code == 404
    assert ticket(anonymous, event).status_code == 401


def test_organizers_get_the_code_for_the_venue(api, user):
    event = EventFactory(organizer=user)

    answer = api.get(f"/api/v1/events/{event.pk}/venue_code/").json()

    assert answer["venue_code"] == event.venue_code
    assert answer["qr_code"].startswith("data:image/svg+xml")


def test_others_do_not(anonymous, api, client_of):
    event = ParticipantFactory().event
    url = f"/api/v1/events/{event.pk}/venue_code/"

    assert api.get(url).status_code == 403
    assert client_of(event.participants.get().user).get(url).status_code == 403
    assert anonymous.get(url).status_code == 401
