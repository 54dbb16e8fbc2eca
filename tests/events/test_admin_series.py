"""Series and waivers in the admin: to look at, by all roles that see events."""

from datetime import datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from events import services
from tests.events.repeats import series_of
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SEES = {"administrator": 200, "organizer-support": 200, "read-only": 200, "moderator": 403}


@pytest.fixture(autouse=True)
def _late_in_november(time_machine):
    time_machine.move_to("2026-11-26T12:00:00Z", tick=True)


@pytest.fixture
def series():
    starts_at = datetime(2026, 11, 28, 9, tzinfo=ZoneInfo("America/Sao_Paulo"))
    fields = {"title": "Rega da horta", "status": "published", "waiver": "Uso luvas."}
    return series_of(UserFactory(), "FREQ=WEEKLY;COUNT=4", starts_at=starts_at, **fields)


@pytest.fixture
def waiver(series):
    return series.events.order_by("series_slot").first().waivers.get()


def pages(series, waiver):
    return [
        "/admin/events/eventseries/",
        f"/admin/events/eventseries/{series.pk}/change/",
        "/admin/events/waiver/",
        f"/admin/events/waiver/{waiver.pk}/change/",
    ]


def test_a_series_shows_its_rule_its_next_days_and_its_events(admin_client, series):
    services.cancel(series.events.order_by("series_slot").last(), reason="Chuva")

    listed = admin_client.get("/admin/events/eventseries/?q=horta").text
    page = admin_client.get(f"/admin/events/eventseries/{series.pk}/change/").text

    assert "Rega da horta" in listed
    assert '<td class="field-to_come">3' in " ".join(listed.split()) or ">3<" in listed
    for text in ("FREQ=WEEKLY;COUNT=4", "28/11/2026", "19/12/2026", "09:00 (America/Sao_Paulo)"):
        assert text in page
    for event in series.events.all():
        assert f"/admin/events/event/{event.pk}/change/" in page


def test_a_waiver_shows_its_text_and_who_accepted_it(admin_client, waiver):
    person = UserFactory()
    services.join(waiver.event, person, accepts_waiver=1)

    page = admin_client.get(f"/admin/events/waiver/{waiver.pk}/change/").text

    assert "Uso luvas." in page
    assert person.email in page


def test_an_older_version_does_not_count_any_more(admin_client, waiver):
    services.set_waiver(waiver.event, text="Uso botas.", by=UserFactory())

    rows = admin_client.get("/admin/events/waiver/?q=Rega").context["cl"].result_list

    counting = {(one.text, one.version == one.event.waiver_version) for one in rows}
    assert {("Uso botas.", True), ("Uso luvas.", False), ("Uso luvas.", True)} == counting


@pytest.mark.parametrize("role", SEES)
def test_roles_see_them_and_none_changes_them(client, role, series, waiver):
    call_command("seed_roles", stdout=StringIO())
    staff = UserFactory(is_staff=True)
    staff.groups.add(Group.objects.get(name=role))
    client.force_login(staff)

    for page in pages(series, waiver):
        assert client.get(page).status_code == SEES[role], page
    for model in ("eventseries", "waiver"):
        assert client.get(f"/admin/events/{model}/add/").status_code == 403
    for page in pages(series, waiver)[1::2]:
        assert client.post(page, {"text": "Outro"}).status_code == 403
