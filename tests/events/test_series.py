"""Events that repeat: at the same time by the clocks at the venue, so far ahead, each day once."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError
from django.utils import timezone

from events import services, tasks
from events.models import Event, EventHistory, EventSeries
from tests.factories import CategoryFactory, UserFactory
from tests.together import run_together

URL = "/api/v1/events/series/"
NEW_YORK = ZoneInfo("America/New_York")
SANTIAGO = ZoneInfo("America/Santiago")


@pytest.fixture(autouse=True)
def _late_in_november(time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=True)


@pytest.fixture
def body(db):
    return {
        "title": "Limpeza da praia",
        "category": CategoryFactory().pk,
        "city": "Santos",
        "starts_at": "2026-11-28T09:00:00-03:00",
        "ends_at": "2026-11-28T12:00:00-03:00",
        "capacity": 10,
        "rrule": "FREQ=WEEKLY;COUNT=4",
    }


def in_zone(body, zone, *start, hours=3, rule):
    starts_at = datetime(*start, tzinfo=zone)
    return {
        **body,
        "time_zone": zone.key,
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=hours)).isoformat(),
        "rrule": rule,
    }


def made(api, body):
    response = api.post(URL, body)
    assert response.status_code == 201, response.json()
    return list(Event.objects.filter(series=response.json()["id"]).order_by("series_slot"))


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def test_a_series_is_made_of_ordinary_events(api, user, body):
    response = api.post(URL, body)

    answer = response.json()
    events = Event.objects.order_by("starts_at")
    assert response.status_code == 201
    assert [one["id"] for one in answer["events"]] == [one.pk for one in events]
    assert {one["series"] for one in answer["events"]} == {answer["id"]}
    assert [one.series_slot.day for one in events] == [28, 5, 12, 19]
    assert {(one.organizer, one.title, one.status) for one in events} == {
        (user, "Limpeza da praia", "published")
    }
    assert EventHistory.objects.count() == 4


def test_people_and_deadlines_come_along(api, body):
    other = UserFactory()

    events = made(
        api,
        {
            **body,
            "co_organizers": [other.pk],
            "signup_closes_at": "2026-11-27T09:00:00-03:00",
            "status": "draft",
        },
    )

    assert {one.starts_at - one.signup_closes_at for one in events} == {timedelta(days=1)}
    assert {one.leave_closes_at for one in events} == {None}
    assert {one.status for one in events} == {"draft"}
    assert all(list(one.co_organizers.all()) == [other] for one in events)


def test_nine_o_clock_stays_nine_o_clock_in_new_york(api, body):
    """The clocks go forward on 14 March 2027."""
    start = (2027, 3, 6, 9)

    events = made(api, in_zone(body, NEW_YORK, *start, rule="FREQ=WEEKLY;COUNT=3"))

    assert {one.starts_at_local.hour for one in events} == {9}
    assert [one.starts_at.hour for one in events] == [14, 14, 13]
    assert {one.ends_at - one.starts_at for one in events} == {timedelta(hours=3)}


def test_nine_o_clock_stays_nine_o_clock_in_santiago(api, body):
    """The clocks go back in the night to 4 April 2027; the horizon ends before September."""
    rule = "FREQ=MONTHLY;BYDAY=1SU;COUNT=7"

    events = made(api, in_zone(body, SANTIAGO, 2027, 3, 7, 9, rule=rule))

    assert [one.starts_at_local.strftime("%d/%m %H") for one in events] == [
        "07/03 09",
        "04/04 09",
        "02/05 09",
        "06/06 09",
        "04/07 09",
        "01/08 09",
    ]
    assert [one.starts_at.hour for one in events] == [12, 13, 13, 13, 13, 13]


def test_a_time_that_is_skipped_or_comes_twice_is_one_moment(api, body):
    """By RFC 5545: the offset before the gap, and the first of two equal times."""
    skipped = in_zone(body, NEW_YORK, 2027, 3, 7, 2, 30, rule="FREQ=WEEKLY;COUNT=2")
    twice = in_zone(body, SANTIAGO, 2027, 3, 27, 23, 30, rule="FREQ=WEEKLY;COUNT=2")

    assert made(api, skipped)[1].starts_at_local.strftime("%d %H:%M") == "14 03:30"
    local = made(api, twice)[1].starts_at_local
    assert (local.strftime("%d %H:%M"), local.utcoffset()) == ("03 23:30", timedelta(hours=-3))


def test_a_rule_without_an_end_is_made_up_to_the_horizon(api, body):
    events = made(api, {**body, "rrule": "FREQ=WEEKLY"})

    last = events[-1].series_slot
    assert last <= timezone.localdate() + timedelta(days=180) < last + timedelta(days=7)


def test_of_a_daily_rule_only_so_many_are_to_come(api, body):
    assert len(made(api, {**body, "rrule": "FREQ=DAILY"})) == 60


def test_a_series_that_begins_in_a_year_has_its_events_too(api, body):
    later = in_zone(body, NEW_YORK, 2028, 1, 1, 9, rule="FREQ=WEEKLY")

    assert made(api, later)[0].starts_at_local == datetime(2028, 1, 1, 9, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("until", "number"),
    [
        ("20261212", 3),
        ("20261211", 2),
        ("20261212T120000Z", 3),  # nine in the morning in São Paulo
        ("20261212T115959Z", 2),
    ],
)
def test_until_is_the_last_moment(api, body, until, number):
    assert len(made(api, {**body, "rrule": f"FREQ=WEEKLY;UNTIL={until}"})) == number


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;COUNT=1000000000",
        "x" * 501,
        "x",
        "",
        None,
        5,
        [],
        "FREQ=WEEKLY;BYDAY=SU",  # the first event is on a Saturday
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    ],
)
def test_a_bad_rule_is_refused_by_name(api, body, rule):
    response = api.post(URL, {**body, "rrule": rule})

    assert (response.status_code, refusal(response)[2]) == (400, "rrule")
    assert not Event.objects.exists()


def test_a_series_needs_a_rule_and_a_start_to_come(api, body):
    past = {**body, "starts_at": "2026-11-21T09:00:00-03:00"}

    assert refusal(api.post(URL, {**body, "rrule": None}))[2] == "rrule"
    assert refusal(api.post(URL, past)) == (409, "starts_in_past", "starts_at")


def test_the_same_request_makes_one_series(api, body):
    for _ in range(2):
        api.post(URL, body, headers={"Idempotency-Key": "a"})

    assert EventSeries.objects.count() == 1


def test_the_night_makes_what_has_come_within_the_horizon(api, body, time_machine):
    before = len(made(api, {**body, "rrule": "FREQ=WEEKLY"}))
    time_machine.shift(timedelta(days=15))

    tasks.extend_event_series.delay()

    assert Event.objects.count() == before + 2


def test_a_draft_that_was_thrown_away_is_not_made_again(api, body, time_machine):
    events = made(api, {**body, "rrule": "FREQ=WEEKLY", "status": "draft"})
    services.delete(events[3])
    time_machine.shift(timedelta(days=7))

    services.extend_series(events[0].series_id)

    slots = Event.objects.values_list("series_slot", flat=True)
    assert events[3].series_slot not in slots
    assert len(slots) == len(events)


def test_days_that_had_no_room_are_made_later(api, body, time_machine):
    made(api, {**body, "rrule": "FREQ=DAILY"})
    time_machine.shift(timedelta(days=10))

    services.extend_series(EventSeries.objects.get().pk)

    slots = list(Event.objects.order_by("series_slot").values_list("series_slot", flat=True))
    assert slots == [slots[0] + timedelta(days=day) for day in range(len(slots))]
    assert Event.objects.upcoming().filter(starts_at__gt=timezone.now()).count() == 60


def test_a_series_of_who_is_gone_goes_on_no_more(api, user, body, time_machine):
    before = len(made(api, {**body, "rrule": "FREQ=WEEKLY"}))
    user.is_active = False
    user.save()
    time_machine.shift(timedelta(days=15))

    assert services.series_to_extend() == []
    services.extend_series(EventSeries.objects.get().pk)

    assert Event.objects.count() == before


def test_a_series_that_is_gone_is_extended_by_nobody(db):
    services.extend_series(12345)


def test_one_day_has_one_event(api, body):
    events = made(api, body)

    with pytest.raises(IntegrityError, match="event_slot_of_series_is_unique"):
        Event.objects.filter(pk=events[1].pk).update(series_slot=events[0].series_slot)


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_make_nothing_twice(api, body, time_machine):
    before = len(made(api, {**body, "rrule": "FREQ=WEEKLY"}))
    series = EventSeries.objects.get()
    time_machine.shift(timedelta(days=15))

    run_together(*[lambda: services.extend_series(series.pk)] * 4)

    assert Event.objects.count() == before + 2


def test_sixty_events_take_as_many_statements_as_four(api, body, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        assert len(made(api, {**body, "rrule": "FREQ=DAILY"})) == 60


def test_each_event_needs_what_the_series_needs(api, body):
    needs = [{"name": "Luva", "needed": 30}, {"name": "Saco", "description": "50 l", "needed": 9}]

    events = made(api, {**body, "resources": needs, "waiver": "Sigo as orientações."})

    for event in events:
        rows = event.resources.order_by("pk").values_list("kind", "name", "description", "needed")
        assert list(rows) == [("item", "Luva", "", 30), ("item", "Saco", "50 l", 9)]
        assert event.waivers.get(version=event.waiver_version).text == "Sigo as orientações."


@pytest.mark.parametrize(
    ("field", "value", "attr"),
    [
        ("resources", [{"name": "", "needed": 3}], "resources.0.name"),
        ("resources", [{"name": "Luva", "needed": 0}], "resources.0.needed"),
        ("resources", [{"name": "Luva", "needed": 1}] * 21, "resources"),
        ("resources", "x", "resources"),
        ("waiver", "", "waiver"),
        ("waiver", "x" * 10_001, "waiver"),
    ],
)
def test_bad_needs_are_refused_by_name(api, body, field, value, attr):
    response = api.post(URL, {**body, field: value})

    status, _code, found = refusal(response)
    assert (status, found.removesuffix(".non_field_errors")) == (400, attr)
    assert not Event.objects.exists()


def test_rides_are_no_part_of_a_series(api, body):
    ride = [{"kind": "ride", "name": "Carro", "needed": 3}]

    events = made(api, {**body, "resources": ride})

    assert {one.kind for event in events for one in event.resources.all()} == {"item"}
