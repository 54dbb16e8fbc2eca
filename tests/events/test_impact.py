"""What was done together: sums over approved reports and visits, for everyone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from events import services
from events.models import EventReport
from tests.factories import (
    CategoryFactory,
    EventFactory,
    PastEventFactory,
    UserFactory,
    VisitorFactory,
)
from users import services as users
from users.models import Contribution

pytestmark = pytest.mark.django_db
URL = "/api/v1/events/impact/"


def day(number, hour=15):
    return datetime(2026, 3, number, hour, tzinfo=UTC)


def held(hours=(), figures=None, **fields):
    """An event that is over, its visits of so many hours, its approved report."""
    event = PastEventFactory(**fields)
    for number in hours:
        place = VisitorFactory(
            event=event, checked_out_at=event.starts_at + timedelta(hours=number)
        )
        record(place, number)
    if figures is not None:
        report = EventReport.objects.create(event=event, status="approved")
        for kind, amount in figures.items():
            report.figures.create(kind=kind, amount=Decimal(str(amount)))
    return event


def record(place, hours):
    return users.record_contribution(
        place.user_id,
        kind="hours",
        amount=Decimal(str(hours)),
        source=place.contribution_source,
        happened_at=place.event.starts_at,
    )


def impact(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return response.json()


def test_nothing_was_done_yet(anonymous):
    assert impact(anonymous) == {
        "events": 0,
        "people": 0,
        "visits": 0,
        "hours": 0,
        "reports": 0,
        "figures": {},
    }


def test_visits_and_approved_figures_add_up(anonymous):
    first = held([2, 3], {"waste": 10.5, "seedlings": 4})
    second = held([1.25], {"waste": 2})
    again = VisitorFactory(event=second, user=first.participants.first().user)
    record(again, 1)
    for status in ("draft", "submitted", "returned"):
        report = EventReport.objects.create(
            event=PastEventFactory(), status=status, return_reason="x"
        )
        report.figures.create(kind="waste", amount=1000)

    assert impact(anonymous) == {
        "events": 5,
        "people": 3,
        "visits": 4,
        "hours": 7.25,
        "reports": 2,
        "figures": {"seedlings": 4, "waste": 12.5},
    }


def test_what_was_taken_back_does_not_count(anonymous):
    event = held([2, 3])
    line = Contribution.objects.get(amount=3)

    users.reverse_contribution(line, reason="Engano.")

    assert event.participants.count() == 2
    assert (impact(anonymous)["people"], impact(anonymous)["hours"]) == (1, 2)


def test_hours_of_other_sources_are_no_visits(anonymous):
    held([2])
    for source in ("event:", "event:x:user:1:1", "import:7", "event:99999999999999999999:1"):
        users.record_contribution(
            UserFactory().pk, kind="hours", amount=9, source=source, happened_at=day(1)
        )

    assert impact(anonymous)["hours"] == 2


@pytest.mark.parametrize("change", [{"city": "Olinda"}, {"category": None}], ids=str)
def test_what_an_event_that_has_begun_is_summed_by_is_fresh_at_once(
    anonymous, change, django_capture_on_commit_callbacks
):
    start = timezone.now() - timedelta(hours=1)
    event = EventFactory(starts_at=start, city="Recife")
    query = {"city": "Recife"} if "city" in change else {"category": event.category_id}
    before = impact(anonymous, **query)["events"]
    new = {name: value or CategoryFactory() for name, value in change.items()}

    with django_capture_on_commit_callbacks(execute=True):
        services.edit(event, new)

    assert (before, impact(anonymous, **query)["events"]) == (1, 0)


def test_a_cancelled_event_did_not_take_place_but_its_visits_did(anonymous):
    held([1], status="cancelled", cancel_reason="Raios")

    found = impact(anonymous)

    assert (found["events"], found["hours"]) == (0, 1)


@pytest.mark.parametrize(
    ("query", "hours"),
    [
        ({}, 7),
        ({"from": "2026-03-10"}, 6),
        ({"to": "2026-03-10"}, 3),
        ({"from": "2026-03-10", "to": "2026-03-10"}, 2),
        ({"from": "2026-03-12", "to": "2026-03-31"}, 0),
    ],
)
def test_by_days_of_the_organisation_both_included(anonymous, query, hours):
    held([1], {"waste": 1}, starts_at=day(9), ends_at=day(9, 18))
    held([2], {"waste": 2}, starts_at=day(10, 3), ends_at=day(10, 6))  # midnight in São Paulo
    held([4], {"waste": 4}, starts_at=day(12, 2), ends_at=day(12, 5))  # the 11th there

    found = impact(anonymous, **query)

    assert (found["hours"], found["figures"].get("waste", 0)) == (hours, hours)


def test_by_category_and_city_whatever_its_accents(anonymous):
    category = CategoryFactory()
    held([1], {"waste": 1}, category=category, city="São Luís")
    held([2], {"waste": 2}, category=category, city="Recife")
    held([4], {"waste": 4}, city="Recife")

    by_category = impact(anonymous, category=category.pk)
    by_city = impact(anonymous, city="RECIFE")
    by_both = impact(anonymous, category=category.pk, city="sao luis")

    assert [one["hours"] for one in (by_category, by_city, by_both)] == [3, 6, 1]
    assert [one["figures"]["waste"] for one in (by_category, by_city, by_both)] == [3, 6, 1]


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"from": "ontem"}, "from"),
        ({"from": "1999-12-31"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2026-03-02", "to": "2026-03-01"}, "to"),
        ({"category": "x"}, "category"),
        ({"category": 10**30}, "category"),
        ({"category": 987654}, "category"),
        ({"city": "x" * 121}, "city"),
        ({"city": "a\0b"}, "city"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(anonymous, query, attr):
    response = anonymous.get(URL, query)

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


def test_two_queries_however_many_and_none_when_kept(anonymous, django_assert_num_queries):
    for _ in range(4):
        held([1, 2], {"waste": 1, "seedlings": 1})

    with django_assert_num_queries(3):
        first = impact(anonymous)
    with django_assert_num_queries(0):
        assert impact(anonymous) == first


def test_it_is_fresh_after_each_write(
    anonymous, client_of, staff, django_capture_on_commit_callbacks
):
    staff.user_permissions.add(Permission.objects.get(codename="change_eventreport"))
    event = PastEventFactory(status="published")
    place = VisitorFactory(event=event, checked_out_at=None)
    figures = {"waste": Decimal(9), "seedlings": Decimal(0)}
    seen = [impact(anonymous)]
    report = services.save_report(event, by=event.organizer, figures=figures)

    for write in (
        lambda: services.check_out(event, place.user, by=event.organizer),
        lambda: services.approve_report(
            services.submit_report(event, by=event.organizer), by=staff
        ),
        lambda: services.save_report(event, by=staff, figures={**figures, "waste": Decimal(8)}),
        lambda: services.return_report(report, by=staff, reason="x"),
        lambda: services.undo_check_in(event, place, reason="x"),
    ):
        with django_capture_on_commit_callbacks(execute=True):
            write()
        seen.append(impact(anonymous))

    shown = [(bool(one["hours"]), one["figures"].get("waste")) for one in seen]
    assert shown == [
        (False, None),
        (True, None),
        (True, 9),
        (True, 8),
        (True, None),
        (False, None),
    ]


def test_who_asks_too_often_waits(anonymous, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "impact": "2/minute"}

    answers = [anonymous.get(URL).status_code for _ in range(3)]

    assert answers == [200, 200, 429]
