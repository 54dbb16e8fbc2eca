"""Edits of a series: what follows, what stays, and that nobody's event is lost."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from threading import Event as Signal
from zoneinfo import ZoneInfo

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from config.errors import DomainError
from events import services
from events.models import Event, EventNotification, EventSeries
from tests.events import repeats
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import let_someone_wait, run_together

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.fixture(autouse=True)
def _late_in_november(time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=True)


def series_of(organizer, rule="FREQ=WEEKLY;COUNT=5", **fields):
    """Saturdays at nine from 28 November on."""
    starts_at = datetime(2026, 11, 28, 9, tzinfo=SAO_PAULO)
    defaults = {"title": "Limpeza", "capacity": 10, "status": "published", "starts_at": starts_at}
    return repeats.series_of(organizer, rule, hours=3, **{**defaults, **fields})


@pytest.fixture
def events(user):
    """Four Saturdays and one more: 28/11, 5/12, 12/12, 19/12, 26/12."""
    return list(series_of(user).events.order_by("series_slot"))


def url(event, what="apply"):
    return f"/api/v1/events/{event.pk}/series/{what}/"


def edit(api, event, scope, what="apply", **body):
    response = api.post(url(event, what), {"scope": scope, **body})
    assert response.status_code == 200, response.json()
    return response.json()


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def titles():
    return list(Event.objects.order_by("series_slot").values_list("title", flat=True))


def when(event):
    event.refresh_from_db()
    return event.starts_at_local.strftime("%d %H:%M")


def told():
    return EventNotification.objects.filter(kind="changed").count()


@pytest.mark.parametrize(
    ("scope", "number"), [("this", [2]), ("following", [2, 3, 4]), ("all", [0, 1, 2, 3, 4])]
)
def test_an_edit_reaches_as_far_as_its_scope(api, events, scope, number):
    answer = edit(api, events[2], scope, title="Plantio")

    assert [place for place, title in enumerate(titles()) if title == "Plantio"] == number
    assert [line["event"] for line in answer["changed"]] == [events[n].pk for n in number]
    assert not any(answer[what] for what in ("created", "moved", "dropped", "kept"))


def test_what_is_made_later_is_like_that_too(api, user, time_machine):
    series = series_of(user, "FREQ=WEEKLY")
    helper = UserFactory()
    first = series.events.order_by("series_slot").first()
    changes = {"title": "Plantio", "co_organizers": [helper.pk], "capacity": 4}
    deadline = (first.starts_at - timedelta(hours=2)).isoformat()
    edit(api, first, "all", **changes, signup_closes_at=deadline)
    time_machine.shift(timedelta(days=7))

    services.extend_series(series.pk)

    last = series.events.order_by("series_slot").last()
    assert (last.title, last.capacity, list(last.co_organizers.all())) == ("Plantio", 4, [helper])
    assert last.starts_at - last.signup_closes_at == timedelta(hours=2)


def test_a_new_hour_moves_all_and_tells_who_has_a_place(api, events):
    ParticipantFactory(event=events[1])
    ParticipantFactory(event=events[1], status="waitlisted")
    starts_at = events[1].starts_at + timedelta(hours=1)

    answer = edit(api, events[1], "all", starts_at=starts_at.isoformat())

    assert [when(event) for event in events] == [f"{day} 10:00" for day in ("28", "05", 12, 19, 26)]
    assert {event.ends_at - event.starts_at for event in events} == {timedelta(hours=3)}
    assert [line["participants"] for line in answer["moved"]] == [0, 2, 0, 0, 0]
    assert answer["moved"][1]["was"] == "2026-12-05T12:00:00Z"
    assert told() == 2


def test_a_new_hour_is_by_the_clocks_also_over_a_clock_change(api, user):
    new_york = ZoneInfo("America/New_York")
    starts_at = datetime(2027, 3, 6, 9, tzinfo=new_york)
    series = series_of(
        user,
        "FREQ=WEEKLY;COUNT=3",
        time_zone=new_york.key,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
    )
    first, *_, last = series.events.order_by("series_slot")

    edit(api, first, "all", starts_at=(starts_at + timedelta(hours=2)).isoformat())

    assert [when(first), when(last)] == ["06 11:00", "20 11:00"]


def test_deadlines_move_along(api, user):
    closes_at = datetime(2026, 11, 27, 9, tzinfo=SAO_PAULO)
    first = series_of(user, signup_closes_at=closes_at).events.order_by("series_slot").first()

    edit(api, first, "all", starts_at=(first.starts_at + timedelta(hours=1)).isoformat())

    assert {one.starts_at - one.signup_closes_at for one in Event.objects.all()} == {
        timedelta(days=1)
    }


def test_following_makes_a_series_of_its_own(api, events):
    starts_at = events[2].starts_at + timedelta(hours=1)

    answer = edit(api, events[2], "following", starts_at=starts_at.isoformat())

    earlier, later = EventSeries.objects.order_by("pk")
    assert answer["series"] == later.pk
    assert [one.series_slot.day for one in earlier.events.order_by("series_slot")] == [28, 5]
    assert [when(one) for one in later.events.order_by("series_slot")] == [
        "12 10:00",
        "19 10:00",
        "26 10:00",
    ]


def test_neither_part_of_a_split_makes_the_events_of_the_other(api, user, time_machine):
    series = series_of(user, "FREQ=WEEKLY;INTERVAL=2")
    event = series.events.order_by("series_slot")[2]
    edit(api, event, "following", title="Plantio")
    time_machine.shift(timedelta(days=30))

    for pk in EventSeries.objects.values_list("pk", flat=True):
        services.extend_series(pk)

    slots = list(Event.objects.order_by("series_slot").values_list("series_slot", flat=True))
    assert slots == [slots[0] + timedelta(weeks=2) * number for number in range(len(slots))]
    assert titles() == ["Limpeza"] * 2 + ["Plantio"] * (len(slots) - 2)


def test_following_from_the_first_is_all(api, events):
    answer = edit(api, events[0], "following", title="Plantio")

    assert EventSeries.objects.count() == 1
    assert len(answer["changed"]) == 5


def test_under_a_new_rule_events_with_people_stay(api, events):
    ParticipantFactory(event=events[2])

    answer = edit(api, events[1], "following", rrule="FREQ=WEEKLY;BYDAY=SU;COUNT=3")

    [kept] = answer["kept"]
    assert (kept["event"], kept["participants"], kept["reason"]) == (events[2].pk, 1, "people")
    assert [line["event"] for line in answer["dropped"]] == [events[n].pk for n in (1, 3, 4)]
    assert [line["starts_at"] for line in answer["created"]] == [
        f"2026-12-{day}T12:00:00Z" for day in ("06", 13, 20)
    ]
    by_status = {one.pk: one.status for one in Event.objects.all()}
    assert [by_status[event.pk] for event in events] == [
        "published",
        "cancelled",
        "published",
        "cancelled",
        "cancelled",
    ]


@pytest.mark.parametrize("status", ["published", "draft"])
def test_a_rule_changed_and_changed_back_leaves_all_as_before(api, user, status):
    series = series_of(user, status=status)
    kept = series.events.order_by("series_slot")[2]
    services.cancel(kept, reason="Chuva") if status == "published" else None
    before = list(series.events.order_by("series_slot").values_list("series_slot", "status"))
    first = series.events.order_by("series_slot")[0]
    ParticipantFactory(event=first)

    edit(api, first, "all", rrule="FREQ=WEEKLY;INTERVAL=4;COUNT=2")
    edit(api, first, "all", rrule="FREQ=WEEKLY;COUNT=5")

    after = list(series.events.order_by("series_slot").values_list("series_slot", "status"))
    assert after == before


def test_an_older_plan_need_not_say_whether_photos_wait(user, settings):
    series = series_of(user, "FREQ=WEEKLY")
    del series.plan["photos_need_approval"]
    series.made_until -= timedelta(days=7)
    series.save()
    series.events.order_by("series_slot").last().delete()
    settings.EVENT_PHOTOS_NEED_APPROVAL = True

    services.extend_series(series.pk)

    assert series.events.order_by("series_slot").last().photos_need_approval


def test_drafts_that_are_not_wanted_are_thrown_away(api, user):
    first = series_of(user, status="draft").events.order_by("series_slot").first()

    edit(api, first, "all", rrule="FREQ=WEEKLY;COUNT=2")

    assert Event.objects.count() == 2


def test_a_rule_that_has_ended_ends_the_series(api, events):
    edit(api, events[0], "all", rrule="FREQ=WEEKLY;UNTIL=20261206")

    assert Event.objects.published().count() == 2


def test_who_left_keeps_no_event(api, events):
    ParticipantFactory(event=events[4], status="left")

    edit(api, events[0], "all", rrule="FREQ=WEEKLY;COUNT=4")

    events[4].refresh_from_db()
    assert events[4].status == "cancelled"


def test_an_event_that_was_moved_alone_keeps_its_time(api, events):
    alone = events[3].starts_at + timedelta(days=1, hours=5)
    edit(api, events[3], "this", starts_at=alone.isoformat())
    starts_at = events[0].starts_at + timedelta(hours=1)

    answer = edit(api, events[0], "all", starts_at=starts_at.isoformat(), title="Plantio")

    assert [when(event) for event in events][2:] == ["12 10:00", "20 14:00", "26 10:00"]
    assert [line["reason"] for line in answer["kept"]] == ["moved_alone"]
    assert titles() == ["Plantio"] * 5


def test_what_is_past_or_cancelled_stays_as_it_was(api, events, time_machine):
    services.cancel(events[2], reason="Chuva")
    time_machine.move_to("2026-12-01T12:00:00Z")

    edit(api, events[1], "all", title="Plantio")

    assert titles() == ["Limpeza", "Plantio", "Limpeza", "Plantio", "Plantio"]


@pytest.mark.parametrize("scope", ["this", "following", "all"])
def test_a_preview_tells_the_same_and_changes_nothing(
    api, events, scope, mailoutbox, django_capture_on_commit_callbacks
):
    ParticipantFactory(event=events[2])
    starts_at = events[2].starts_at + timedelta(hours=1)
    body = {"starts_at": starts_at.isoformat(), "title": "Plantio"}
    if scope != "this":
        body["rrule"] = "FREQ=WEEKLY;BYDAY=SA,SU;COUNT=7"
    before = list(Event.objects.order_by("pk").values()), list(EventSeries.objects.values())

    with django_capture_on_commit_callbacks(execute=True):
        told_before = edit(api, events[2], scope, "preview", **body)
    after = list(Event.objects.order_by("pk").values()), list(EventSeries.objects.values())

    assert (after, mailoutbox, told()) == (before, [], 0)
    done = edit(api, events[2], scope, **body)
    for line in done["created"]:
        line["event"] = None
    assert {**done, "series": events[0].series_id} == told_before


def test_if_one_event_refuses_none_is_changed(api, events):
    ParticipantFactory.create_batch(2, event=events[3])

    responses = [
        api.post(url(events[0], what), {"scope": "all", "capacity": 1, "title": "Plantio"})
        for what in ("preview", "apply")
    ]

    assert {refusal(one) for one in responses} == {(409, "capacity_below_confirmed", "capacity")}
    assert titles() == ["Limpeza"] * 5


@pytest.mark.parametrize(
    ("body", "code", "attr"),
    [
        ({}, "required", "scope"),
        ({"scope": "some"}, "invalid_choice", "scope"),
        ({"scope": "this", "rrule": "FREQ=DAILY"}, "not_for_one", "rrule"),
        ({"scope": "all", "rrule": "FREQ=SECONDLY"}, "invalid_rule", "rrule"),
        ({"scope": "all", "title": ""}, "blank", "title"),
        ({"scope": "all", "starts_at": "2026-12-06T09:00:00-03:00"}, "other_day", "starts_at"),
        ({"scope": "all", "ends_at": "2026-12-05T08:00:00-03:00"}, "ends_too_early", "ends_at"),
        ({"scope": "this", "ends_at": "2026-12-05T08:00:00-03:00"}, "ends_too_early", "ends_at"),
    ],
)
@pytest.mark.parametrize("what", ["preview", "apply"])
def test_a_bad_edit_is_refused_by_name(api, events, what, body, code, attr):
    response = api.post(url(events[1], what), body)

    assert refusal(response) == (400, code, attr)


def test_an_event_of_no_series_has_none_to_edit(api, user):
    event = EventFactory(organizer=user)

    for scope in ("this", "all"):
        response = api.post(url(event), {"scope": scope, "title": "x"})
        assert refusal(response) == (409, "not_in_series", None)


def test_who_runs_one_event_speaks_not_for_the_others(client_of, events):
    helper = UserFactory()
    events[1].co_organizers.add(helper)
    one_of_them = client_of(helper)

    codes = [
        one_of_them.post(url(events[1]), {"scope": scope, "title": "x"}).status_code
        for scope in ("this", "following", "all")
    ]

    assert codes == [200, 403, 403]


def test_co_organizers_of_the_series_speak_for_all_of_it(client_of, user):
    helper = UserFactory()
    event = series_of(user, co_organizers=[helper]).events.first()

    answer = edit(client_of(helper), event, "all", title="Plantio")

    assert len(answer["changed"]) == 5


@pytest.mark.django_db(transaction=True)
def test_an_event_that_somebody_joins_just_then_is_not_dropped(user):
    events = list(series_of(user, "FREQ=WEEKLY;COUNT=2").events.order_by("series_slot"))
    has_joined = Signal()

    def join():
        with transaction.atomic():
            services.join(events[1], UserFactory())
            has_joined.set()
            let_someone_wait()

    def shorten():
        has_joined.wait()
        services.edit_series(events[0], scope="all", changes={}, rule="FREQ=WEEKLY;COUNT=1")

    run_together(join, shorten)

    events[1].refresh_from_db()
    assert events[1].status == "published"


@pytest.mark.django_db(transaction=True)
def test_two_splits_at_once_leave_each_event_in_one_series(user):
    events = list(series_of(user, "FREQ=WEEKLY").events.order_by("series_slot"))

    run_together(
        *[
            lambda event=event, title=title: services.edit_series(
                event, scope="following", changes={"title": title}
            )
            for event, title in ((events[3], "a"), (events[6], "b"), (events[9], "c"))
        ]
    )

    windows = EventSeries.objects.order_by("from_day").values_list("from_day", "before_day")
    ends = [before for _, before in windows]
    assert ends[:-1] == [start for start, _ in windows][1:]
    for series in EventSeries.objects.all():
        slots = set(series.events.values_list("series_slot", flat=True))
        assert slots == set(series.days(max(slots)))


RULES = st.sampled_from(
    [
        "",
        "FREQ=WEEKLY;COUNT=5",
        "FREQ=WEEKLY;BYDAY=SU",
        "FREQ=WEEKLY;BYDAY=SA,WE;COUNT=6",
        "FREQ=WEEKLY;INTERVAL=3",
        "FREQ=MONTHLY;BYDAY=1SA",
        "FREQ=DAILY;UNTIL=20261201",
    ]
)
EDITS = st.tuples(
    st.integers(0, 30),
    st.sampled_from(["this", "following", "all"]),
    st.sampled_from(["", "", "starts_at", "title", "capacity"]),
    st.integers(1, 5),
    RULES,
)
JOINS = st.tuples(st.just("join"), st.integers(0, 30), st.integers(0, 2))


def take(step, people):
    events = list(Event.objects.published().order_by("starts_at", "pk"))
    if not events:
        return
    if step[0] == "join":
        with suppress(DomainError):
            services.join(events[step[1] % len(events)], people[step[2]])
        return
    number, scope, what, value, rule = step
    event = events[number % len(events)]
    changes = {
        "starts_at": {"starts_at": event.starts_at + timedelta(hours=value - 3)},
        "title": {"title": f"Título {value}"},
        "capacity": {"capacity": value},
    }.get(what, {})
    with suppress(DomainError):
        services.edit_series(
            event, scope=scope, changes=changes, rule="" if scope == "this" else rule
        )


@pytest.mark.django_db
@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.one_of(JOINS, EDITS), min_size=3, max_size=12))
def test_whatever_is_edited_no_event_with_people_is_lost(steps):
    with transaction.atomic():
        people = UserFactory.create_batch(3)
        series_of(UserFactory(), capacity=3)
        for step in steps:
            joined = set(Event.objects.filter(participants__status="confirmed"))
            take(step, people)
            still = Event.objects.published().in_bulk([event.pk for event in joined])
            assert len(still) == len(joined)
            assert all(still[one.pk].participants.count() for one in joined)
        check_windows()
        transaction.set_rollback(True)


def check_windows():
    """No two series have a day together, and none has more to come than it may."""
    for series in EventSeries.objects.all():
        slots = set(series.events.values_list("series_slot", flat=True))
        assert all(series.from_day <= slot < (series.before_day or date.max) for slot in slots)
        to_come = series.events.published().filter(starts_at__gt=timezone.now())
        assert to_come.count() <= 60
