import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from threading import Event

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import UserFactory
from tests.together import let_someone_wait, run_together
from tests.users.answers import errors
from tests.users.lines import attend, give
from users import reading, services
from users.models import Contribution, User, UserStatistics

URL = "/api/v1/users/profile/statistics/"
BOARD = "/api/v1/users/leaderboard/"
MAY = datetime(2027, 5, 3, 15, tzinfo=UTC)


def amounts(figures):
    return (
        figures["events"],
        figures["hours"],
        {row["kind"]: row["amount"] for row in figures["impact"]},
    )


def test_what_one_gave_is_told_by_kind_category_and_month(api, user):
    attend(user, MAY, MAY + timedelta(days=30), category="limpeza")
    give(user, MAY, kind="waste", amount="7.5", category="limpeza")
    give(user, MAY, kind="seedlings", amount=12, category="plantio")
    give(UserFactory(), MAY)

    found = api.get(URL).json()

    assert amounts(found) == (2, 4, {"waste": 7.5, "seedlings": 12})
    assert {row["kind"]: row["unit"] for row in found["impact"]} == {"waste": "kg", "seedlings": ""}
    assert {row["category"]: amounts(row) for row in found["by_category"]} == {
        "limpeza": (2, 4, {"waste": 7.5}),
        "plantio": (0, 0, {"seedlings": 12}),
    }
    assert {row["month"]: amounts(row) for row in found["by_month"]} == {
        "2027-05": (1, 2, {"waste": 7.5, "seedlings": 12}),
        "2027-06": (1, 2, {}),
    }


def test_a_period_has_its_first_and_its_last_day(api, user):
    attend(user, *(MAY + timedelta(days=day) for day in range(5)))

    found = api.get(URL, {"from": "2027-05-04", "to": "2027-05-06"}).json()

    assert (found["from"], found["to"], found["events"]) == ("2027-05-04", "2027-05-06", 3)


def test_a_day_is_one_of_sao_paulo(api, user):
    attend(user, datetime(2027, 6, 1, 2, 59, tzinfo=UTC))

    assert api.get(URL, {"to": "2027-05-31"}).json()["events"] == 1
    assert api.get(URL).json()["by_month"][0]["month"] == "2027-05"


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"from": "yesterday"}, "from"),
        ({"to": "2027-02-30"}, "to"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2027-05-02", "to": "2027-05-01"}, "to"),
    ],
)
def test_a_period_without_sense_is_refused(api, query, attr):
    assert [field for field, _ in errors(api.get(URL, query))] == [attr]


def test_a_visit_of_no_time_counts_nowhere(api, user):
    attend(user, MAY)
    (line,) = attend(user, MAY + timedelta(days=1), amount=0)
    services.update_statistics()

    assert api.get(URL).json()["events"] == user.statistics.events == 1

    services.reverse_contribution(line, reason="Wrong scan")
    assert api.get(URL).json()["events"] == 1


def test_a_correction_takes_its_part_out_of_every_sum(api, user):
    line, other = attend(user, MAY, MAY + timedelta(days=7))
    services.reverse_contribution(line, reason="Wrong scan")

    found = api.get(URL).json()

    assert (found["events"], found["hours"], found["longest_streak"]) == (1, 2, 1)


def test_who_did_nothing_has_nothing(api):
    found = api.get(URL).json()

    assert amounts(found) == (0, 0, {})
    assert (found["current_streak"], found["longest_streak"]) == (0, 0)
    assert found["by_month"] == found["by_category"] == []


@pytest.mark.parametrize("number", [1, 40])
def test_statistics_need_two_queries(api, user, number, django_assert_num_queries):
    attend(user, *(MAY + timedelta(days=20 * n) for n in range(number)))

    with django_assert_num_queries(2):
        api.get(URL)


@pytest.mark.parametrize(
    ("now", "streak"),
    [
        ("2027-05-16T23:00:00-03:00", 2),  # the Sunday of the last week of them
        ("2027-05-23T23:59:00-03:00", 2),  # this week may still come
        ("2027-05-24T00:01:00-03:00", 0),
    ],
)
def test_a_streak_is_current_until_a_week_went_by(user, now, streak):
    attend(user, MAY, MAY + timedelta(weeks=1))

    with time_machine.travel(datetime.fromisoformat(now), tick=False):
        assert reading.streaks_of(user) == {"current_streak": streak, "longest_streak": 2}


def naive_streaks(visits, today):
    """Lengths of the current and the longest streak, by walking from week to week."""
    sums = defaultdict(int)
    for day, sign in visits:
        sums[day - timedelta(days=day.weekday())] += sign
    weeks = {week for week, visits in sums.items() if visits > 0}

    def length(week):
        return 1 + length(week - timedelta(days=7)) if week in weeks else 0

    monday = today - timedelta(days=today.weekday())
    current = length(monday) or length(monday - timedelta(days=7))
    return {"current_streak": current, "longest_streak": max(map(length, weeks), default=0)}


@pytest.mark.django_db
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    visits=st.lists(
        st.tuples(st.integers(0, 80), st.integers(0, 23), st.booleans()), min_size=1, max_size=25
    ),
    today=st.integers(80, 110),
)
def test_streaks_are_those_that_counting_by_hand_finds(visits, today):
    user, start, by_hand = UserFactory(), datetime(2026, 12, 20, 3, tzinfo=UTC), []
    lines = [
        Contribution(
            user=user,
            kind="hours",
            amount=2,
            source=f"event:{number}:user:{user.pk}:1",
            happened_at=start + timedelta(days=days, hours=hours),
        )
        for number, (days, hours, _) in enumerate(visits)
    ]
    services.record_contributions(lines)
    recorded = {line.source: line for line in Contribution.objects.filter(user=user)}
    reversed_ones = [
        recorded[line.source] for line, visit in zip(lines, visits, strict=True) if visit[2]
    ]
    services.record_contributions(
        services.reversal_of(line, reason="Wrong scan") for line in reversed_ones
    )
    for sign, counted in ((1, lines), (-1, reversed_ones)):
        by_hand += [((line.happened_at - timedelta(hours=3)).date(), sign) for line in counted]
    now = start + timedelta(days=today, hours=12)

    with time_machine.travel(now, tick=False):
        found = reading.streaks_of(user)
    services.update_statistics([user.pk])

    assert found == naive_streaks(by_hand, now.date())
    assert user.statistics.longest_streak == found["longest_streak"]
    assert user.statistics.events == sum(sign for _, sign in by_hand)


def test_kept_statistics_follow_the_ledger_and_nothing_is_written_twice(user):
    line, _ = attend(user, MAY, MAY + timedelta(weeks=1))

    assert services.update_statistics() == 1
    assert services.update_statistics([user.pk]) == 0
    kept = UserStatistics.objects.get()
    assert (kept.events, kept.hours, kept.longest_streak) == (2, 4, 2)
    assert kept.last_week == date(2027, 5, 10)

    services.reverse_contribution(line, reason="Wrong scan")
    assert services.update_statistics([user.pk]) == 1
    kept.refresh_from_db()
    assert (kept.events, kept.hours, kept.longest_streak, kept.last_streak) == (1, 2, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_statistics_made_before_a_change_do_not_outlive_it():
    """Without the lock both would make the row, or the first would overwrite the second."""
    user = UserFactory()
    attend(user, MAY)
    UserStatistics.objects.all().delete()

    has_begun = Event()

    def slow():
        with transaction.atomic():
            services.update_statistics()
            has_begun.set()
            let_someone_wait()

    def change():
        assert has_begun.wait(10)
        attend(user, MAY + timedelta(days=1))

    run_together(slow, change)

    assert UserStatistics.objects.get().events == 2


@pytest.fixture
def board(db, anonymous):
    """People of two cities who agreed to be compared, with the hours of each."""
    people = {
        "Ana": ("São Paulo", 5),
        "Bia": ("sao paulo", 9),
        "Caio": ("Olinda", 5),
        "Davi": ("São Paulo", 5),
    }
    for number, (name, (city, hours)) in enumerate(people.items()):
        person = UserFactory(first_name=name, city=city, in_leaderboard=True)
        give(person, MAY + timedelta(days=20 * number), amount=hours)
    services.update_statistics()


def ranks(response):
    return [(row["rank"], row["first_name"], row["hours"]) for row in response.json()]


def test_who_has_the_same_hours_shares_a_rank(board, api):
    assert ranks(api.get(BOARD)) == [(1, "Bia", 9), (2, "Ana", 5), (2, "Caio", 5), (2, "Davi", 5)]


@pytest.mark.parametrize("city", ["São Paulo", "SAO PAULO"])
def test_a_city_has_its_own_leaderboard(board, api, city):
    assert ranks(api.get(BOARD, {"city": city})) == [(1, "Bia", 9), (2, "Ana", 5), (2, "Davi", 5)]


def test_a_month_has_its_own_leaderboard(board, api):
    found = api.get(BOARD, {"month": "2027-05"})

    assert ranks(found) == [(1, "Bia", 9), (2, "Ana", 5)]
    assert ranks(api.get(BOARD, {"month": "2027-05", "city": "olinda"})) == []


@pytest.mark.parametrize(
    "fields",
    [{"in_leaderboard": False}, {"is_active": False}, {"birth_date": date(2020, 1, 1)}],
    ids=["did not agree", "inactive", "minor"],
)
def test_nobody_else_is_in_the_leaderboard(api, fields):
    person = UserFactory(**{"in_leaderboard": True, **fields})
    give(person, MAY)
    services.update_statistics()

    assert ranks(api.get(BOARD)) == []
    assert ranks(api.get(BOARD, {"month": "2027-05"})) == []


def test_the_leaderboard_names_in_full_only_who_is_public(board, api):
    User.objects.filter(first_name="Bia").update(is_public=True)

    found = {row["first_name"]: row["last_name"] for row in api.get(BOARD).json()}

    assert found == {"Bia": "Silva", "Ana": "", "Caio": "", "Davi": ""}


def test_one_agrees_to_the_leaderboard_in_the_profile(api, user):
    assert api.patch("/api/v1/users/profile/", {"in_leaderboard": True}).status_code == 200

    user.refresh_from_db()
    assert user.in_leaderboard


def test_the_leaderboard_has_an_end(board, api, monkeypatch):
    assert reading.LEADERBOARD_SIZE == 100
    monkeypatch.setattr(reading, "LEADERBOARD_SIZE", 3)

    assert [row["first_name"] for row in api.get(BOARD).json()] == ["Bia", "Ana", "Caio"]


@pytest.mark.parametrize("month", ["may", "2027-13", "0001-01", "9999-12", "2027-05-03"])
def test_what_is_no_month_is_refused(api, month):
    assert errors(api.get(BOARD, {"month": month}))[0][0] == "month"


@pytest.mark.parametrize("query", [{}, {"month": "2027-05", "city": "Olinda"}])
def test_the_leaderboard_needs_one_query(board, api, query, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert not re.search("@", api.get(BOARD, query).text)
