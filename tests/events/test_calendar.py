"""Calendars: of one event, and one's own by a secret address."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from django.utils import timezone

from events.models import CalendarFeed
from tests.factories import EventFactory, ParticipantFactory

pytestmark = pytest.mark.django_db
FEED = "/api/v1/events/calendar_feed/"


def read(client, url):
    response = client.get(url)
    assert response.status_code == 200, response.content
    assert response["Content-Type"].startswith("text/calendar")
    return icalendar.Calendar.from_ical(response.content)


def of(client, event):
    (entry,) = read(client, f"/api/v1/events/{event.pk}/calendar.ics").events
    return entry


def test_an_event_as_a_calendar_shows_it(anonymous):
    event = EventFactory(
        title="Limpeza; praia, rio",
        description="Traga:\n- luvas\\botas",
        starts_at=datetime(2027, 5, 3, 12, tzinfo=UTC),
        version=4,
    )

    entry = of(anonymous, event)

    assert str(entry["UID"]) == f"event-{event.pk}@localhost"
    assert entry["SEQUENCE"] == 4
    assert entry["STATUS"] == "CONFIRMED"
    assert entry["SUMMARY"] == "Limpeza; praia, rio"
    assert entry["DESCRIPTION"] == "Traga:\n- luvas\\botas"
    assert entry["LOCATION"] == "Praça da Sé, 1, São Paulo"
    assert entry.start == event.starts_at
    assert entry.end == event.ends_at
    assert entry["DTSTART"].params["TZID"] == "America/Sao_Paulo"


def test_signs_are_escaped_and_long_lines_folded(anonymous):
    event = EventFactory(title="a;b,c\\d" + "ç" * 100, description="x\r\nSTATUS:CANCELLED")

    content = anonymous.get(f"/api/v1/events/{event.pk}/calendar.ics").content

    assert rb"SUMMARY:a\;b\,c\\d" in content
    assert b"\r\nSTATUS:CANCELLED" not in content
    assert max(len(line) for line in content.split(b"\r\n")) <= 75


def test_the_rules_of_its_time_zone_come_along(anonymous):
    start = datetime(2027, 3, 27, 20, tzinfo=UTC)  # clocks change that night
    event = EventFactory(time_zone="Europe/Lisbon", starts_at=start)

    calendar = read(anonymous, f"/api/v1/events/{event.pk}/calendar.ics")

    (zone,) = calendar.timezones
    assert zone.tz_name == "Europe/Lisbon"
    rules = zone.to_tz()
    assert event.starts_at_local.replace(tzinfo=rules).utcoffset() == timedelta(0)
    summer = datetime(2027, 7, 1, tzinfo=rules)
    assert summer.utcoffset() == timedelta(hours=1)


def test_a_zone_without_changes_still_has_a_rule(anonymous):
    calendar = read(anonymous, f"/api/v1/events/{EventFactory().pk}/calendar.ics")

    (zone,) = calendar.timezones
    assert zone.standard


def test_a_cancelled_event_says_so(anonymous):
    event = EventFactory(status="cancelled", cancel_reason="Chuva")

    assert of(anonymous, event)["STATUS"] == "CANCELLED"


@pytest.mark.parametrize("accept", ["text/calendar", "text/html", "application/json"])
def test_any_calendar_program_gets_it(anonymous, accept):
    url = f"/api/v1/events/{EventFactory().pk}/calendar.ics"

    assert anonymous.get(url, headers={"accept": accept}).status_code == 200


def test_a_draft_has_no_public_calendar(anonymous):
    event = EventFactory(status="draft")

    assert anonymous.get(f"/api/v1/events/{event.pk}/calendar.ics").status_code == 404


def test_one_subscribes_to_ones_own_events(api, anonymous, user):
    assert api.get(FEED).status_code == 404
    organized = EventFactory(organizer=user)
    joined = ParticipantFactory(user=user).event
    waits = ParticipantFactory(user=user, status="waitlisted").event
    cancelled = EventFactory(status="cancelled", cancel_reason="Chuva")
    ParticipantFactory(user=user, event=cancelled)
    ParticipantFactory(user=user, status="left")
    EventFactory()

    url = api.post(FEED).json()["url"]
    entries = read(anonymous, url).events

    assert api.get(FEED).json()["url"] == url
    assert {(str(entry["UID"]).split("@")[0], entry["STATUS"]) for entry in entries} == {
        (f"event-{organized.pk}", "CONFIRMED"),
        (f"event-{joined.pk}", "CONFIRMED"),
        (f"event-{waits.pk}", "TENTATIVE"),
        (f"event-{cancelled.pk}", "CANCELLED"),
    }


def test_an_empty_calendar_is_one(api, anonymous):
    assert read(anonymous, api.post(FEED).json()["url"]).events == []


def test_what_is_long_over_is_left_out(api, anonymous, user):
    start = timezone.now() - timedelta(days=400)
    EventFactory(organizer=user, starts_at=start, status="archived")
    recent = EventFactory(organizer=user, starts_at=start + timedelta(days=200), status="archived")

    (entry,) = read(anonymous, api.post(FEED).json()["url"]).events

    assert str(entry["UID"]).startswith(f"event-{recent.pk}@")


def test_a_new_address_ends_the_old_one(api, anonymous):
    old = api.post(FEED).json()["url"]

    response = api.post(FEED)

    assert response.status_code == 201
    assert anonymous.get(old).status_code == 404
    assert anonymous.get(response.json()["url"]).status_code == 200


def test_a_revoked_address_shows_nothing(api, anonymous):
    url = api.post(FEED).json()["url"]

    assert api.delete(FEED).status_code == 204

    assert anonymous.get(url).status_code == 404
    assert api.get(FEED).status_code == 404
    assert api.delete(FEED).status_code == 204


def test_an_account_that_is_closed_shows_nothing(api, anonymous, user):
    url = api.post(FEED).json()["url"]
    user.is_active = False
    user.save()

    assert anonymous.get(url).status_code == 404


def test_no_cache_keeps_what_a_secret_address_shows(api, anonymous):
    url = api.post(FEED).json()["url"]

    assert anonymous.get(url)["Cache-Control"] == "private, no-store"


def test_a_guessed_address_shows_nothing(anonymous, user):
    CalendarFeed.objects.create(user=user)

    assert anonymous.get("/api/v1/events/calendar/guess.ics").status_code == 404


def test_one_must_sign_in_for_an_address(anonymous):
    assert anonymous.get(FEED).status_code == 401
    assert anonymous.post(FEED).status_code == 401
    assert anonymous.delete(FEED).status_code == 401


def test_a_feed_takes_two_queries_however_long(api, anonymous, user, django_assert_num_queries):
    ParticipantFactory.create_batch(9, user=user)
    url = api.post(FEED).json()["url"]

    with django_assert_num_queries(2):
        anonymous.get(url)
