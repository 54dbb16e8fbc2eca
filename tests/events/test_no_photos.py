"""Organizers see whom photos must not show."""

from datetime import date

import pytest
import time_machine

from tests.factories import EventFactory, ParticipantFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("person", "marked"),
    [
        ({}, False),
        ({"refuses_photos": True}, True),
        ({"birth_date": date(2009, 5, 3)}, False),
        ({"birth_date": date(2009, 5, 4)}, True),
        ({"birth_date": date(1980, 1, 1), "refuses_photos": True}, True),
    ],
    ids=["anyone", "refused", "18 that day", "18 tomorrow", "grown up and refused"],
)
def test_who_refused_or_is_under_age_that_day_is_marked(client_of, person, marked):
    with time_machine.travel("2027-05-03T12:00Z"):
        event = EventFactory(starts_at="2027-05-03T15:00Z", ends_at="2027-05-03T18:00Z")
        ParticipantFactory(event=event, **{f"user__{name}": it for name, it in person.items()})

        listed = client_of(event.organizer).get(f"/api/v1/events/{event.pk}/participants/")

    assert [one["no_photos"] for one in listed.json()["results"]] == [marked]
