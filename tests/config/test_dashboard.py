from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.utils import timezone

from config import series, totals
from config.admin import charts, waiting
from config.models import DeadLetter, Totals
from events.models import EventNotification
from tests.factories import EventFactory, ParticipantFactory
from users import services as users

pytestmark = pytest.mark.django_db
HOME = "/admin/"


@pytest.fixture
def busy():
    """A site where something of everything is to be seen."""
    now = timezone.now()
    for number in range(12):
        EventFactory(title=f"Plantio {number}", starts_at=now + timedelta(days=number + 1))
    place = ParticipantFactory(event=EventFactory(city="Belém", starts_at=now))
    users.record_contribution(
        place.user_id, kind="hours", amount=Decimal("3.5"), source="a", happened_at=now
    )
    users.record_contribution(
        place.user_id, kind="waste", amount=40, source="b", happened_at=now - timedelta(days=40)
    )
    EventNotification.objects.create(
        event=place.event, user=place.user, kind="joined", version="1", failed_at=now
    )
    DeadLetter.objects.create(task="a", task_id="1", reason="failed")
    totals.count()


@pytest.fixture
def client_with(client, staff):
    def make(*codenames):
        staff.user_permissions.set(Permission.objects.filter(codename__in=codenames))
        client.force_login(staff)
        return client

    return make


def titles(response):
    return [panel["title"] for panel in response.context["panels"]]


def test_the_next_ten_events_are_shown_with_their_seats(admin_client, busy):
    response = admin_client.get(HOME)

    rows = response.context["panels"][0]["rows"]
    assert len(rows) == 10
    assert rows[0]["number"] == "1 de 10 vagas"
    assert [row["title"] for row in rows[1:3]] == ["Plantio 0", "Plantio 1"]


def test_charts_show_weeks_and_months(admin_client, busy):
    _events, sign_ups, given, cities = admin_client.get(HOME).context["panels"]

    assert len(sign_ups["columns"]) == 12
    assert [column.value for column in sign_ups["columns"]][-1] == "1"
    assert [chart["total"] for chart in given["charts"]] == ["3,5 h", "40 kg"]
    assert {row["title"]: row["number"] for row in cities["rows"]} == {
        "São Paulo": "12",
        "Belém": "1",
    }


def test_what_waits_is_counted_and_one_click_away(admin_client, busy):
    DeadLetter.objects.create(task="b", task_id="2", reason="failed", handled_at=timezone.now())

    response = admin_client.get(HOME)

    counted = response.context["waiting"]
    assert sum(number for _one, number in counted) == 2
    for one, number in counted:
        assert one.address in response.text
        assert len(admin_client.get(one.address).context["cl"].result_list) == number


def test_a_list_that_is_registered_is_counted(rf, admin_user, busy, monkeypatch):
    monkeypatch.setattr(waiting, "_all", [])
    waiting.register("Nobody", DeadLetter.objects.none)
    waiting.register("Letters", DeadLetter.objects.waiting, "handled_at__isempty=1")
    request = rf.get(HOME)
    request.user = admin_user

    assert [number for _one, number in waiting.counted(request)] == [0, 1]


def test_a_panel_is_seen_by_who_may_see_what_it_shows(client_with, busy):
    response = client_with("view_contribution").get(HOME)

    assert titles(response) == ["Horas e impacto de doze meses"]
    assert response.context["waiting"] == []


def test_the_page_needs_few_queries(admin_client, busy, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        admin_client.get(HOME)


def test_a_site_without_anything_has_its_page(admin_client):
    response = admin_client.get(HOME)

    assert response.status_code == 200
    assert "Nada ainda." in response.text


def test_charts_are_filled_after_the_demo(admin_client):
    call_command("populate")

    for panel in admin_client.get(HOME).context["panels"]:
        assert panel.get("rows") or panel.get("columns") or panel.get("charts"), panel["title"]


def test_a_series_has_a_point_for_each_week():
    counted = Totals(series={"sign_ups": {"": {series.starts("week", 12)[3].isoformat(): 7.0}}})

    points = series.points(counted, "sign_ups")

    assert [value for _day, value in points] == [0, 0, 0, 7, *[0] * 8]
    assert {day.weekday() for day, _value in points} == {0}


def test_months_go_back_over_the_year():
    with time_machine.travel("2027-02-28T12:00:00Z"):
        days = series.starts("month", 4)

    assert list(map(str, days)) == ["2026-11-01", "2026-12-01", "2027-01-01", "2027-02-01"]


def test_a_sign_up_on_sunday_night_counts_for_its_week_here():
    with time_machine.travel("2027-05-05T12:00:00Z"):  # a Wednesday
        ParticipantFactory(joined_at="2027-05-03T02:59:00Z")  # still Sunday in São Paulo
        totals.count()

        points = series.points(totals.latest(), "sign_ups")

    assert [value for _day, value in points[-2:]] == [1, 0]


def test_taken_back_numbers_leave_no_column_below_zero():
    days = series.starts("month", 3)

    columns = charts.columns(zip(days, [10, -4, 2500.0], strict=True), day_format="M")

    assert [column.height for column in columns] == [0, 0, 100]
    assert [column.short for column in columns] == ["10", "-4", "2k"]
