import csv
import io

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone
from openpyxl import load_workbook

from config.tables import writing
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from users import services
from users.models import Export, User

PEOPLE = "/admin/users/user/"


def export(client, page, *rows, action="export_csv"):
    return client.post(page, {"action": action, "_selected_action": [row.pk for row in rows]})


def lines(response):
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_people_go_out_with_a_record_of_who_took_them(admin_client, admin_user):
    user = UserFactory(first_name="José", city="Belém")

    response = export(admin_client, PEOPLE, user)

    (line,) = lines(response)
    assert (line["email"], line["first_name"], line["city"]) == (user.email, "José", "Belém")
    assert "password" not in line
    assert "user.csv" in response["Content-Disposition"]
    record = Export.objects.get()
    assert (record.what, record.row_count, record.exported_by) == ("users.User", 1, admin_user)


def test_all_that_the_filters_leave_goes_out(admin_client):
    UserFactory.create_batch(3, is_active=False)
    chosen = {"action": "export_csv", "_selected_action": ["1"], "select_across": "1"}

    response = admin_client.post(f"{PEOPLE}?is_active__exact=0", chosen)

    assert len(lines(response)) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_formulas_are_only_text(admin_client, start):
    evil = f"{start}HYPERLINK(1)"
    user = UserFactory(first_name=evil)

    (line,) = lines(export(admin_client, PEOPLE, user))
    workbook = export(admin_client, PEOPLE, user, action="export_xlsx")
    sheet = load_workbook(io.BytesIO(b"".join(workbook.streaming_content))).active

    assert line["first_name"].startswith("'")
    assert writing.plain(line["first_name"]) == evil
    assert sheet["B2"].data_type == "s"
    assert sheet["B2"].value.startswith("'")


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (-3.5, "-3.5"),
        ("-12", "-12"),
        (None, ""),
        ("a=b", "a=b"),
        ("+5511", "'+5511"),
        ("-1+1", "'-1+1"),
    ],
)
def test_numbers_stay_numbers(cell, written):
    assert writing.safe(cell) == written


def test_events_participants_and_ledger_go_out(admin_client):
    place = ParticipantFactory(event=EventFactory(title="Plantio"))
    line = services.record_contribution(
        place.user_id, kind="hours", amount=3, source="a", happened_at=timezone.now()
    )
    services.reverse_contribution(line, reason="Engano")
    pages = {
        "/admin/events/event/": (place.event, {"title": "Plantio", "seats_taken": "1"}),
        "/admin/events/eventparticipant/": (place, {"email": place.user.email, "title": "Plantio"}),
        "/admin/users/contribution/": (line, {"amount": "3.00", "email": place.user.email}),
    }

    for page, (row, expected) in pages.items():
        (found,) = lines(export(admin_client, page, row))
        assert {name: found[name] for name in expected} == expected


def test_a_large_workbook_is_refused(admin_client, monkeypatch):
    monkeypatch.setattr("users.admin.exports.MOST_IN_WORKBOOK", 1)
    people = UserFactory.create_batch(2)

    response = export(admin_client, PEOPLE, *people, action="export_xlsx")

    assert response.status_code == 302
    assert not Export.objects.exists()


def test_who_may_only_look_takes_nothing_away(client, staff):
    staff.user_permissions.set(Permission.objects.filter(codename="view_user"))
    client.force_login(staff)

    response = export(client, PEOPLE, UserFactory())

    assert not response.streaming
    assert not Export.objects.exists()


@pytest.mark.parametrize("number", [20, 100])
def test_export_needs_a_fixed_number_of_queries(
    admin_client, number, django_assert_max_num_queries
):
    people = User.objects.bulk_create(UserFactory.build_batch(number, password="!"))
    export(admin_client, PEOPLE, people[0])

    with django_assert_max_num_queries(10):
        assert len(lines(export(admin_client, PEOPLE, *people))) == number
