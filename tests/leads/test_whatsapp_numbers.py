"""How the numbers are, who may pause them, and how one is connected."""

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.utils import timezone

from leads.models import WebhookEvent, WhatsAppInstance
from leads.services import alerts, instances
from leads.tasks import whatsapp as tasks
from tests.factories import UserFactory
from tests.leads.conftest import SECRET

pytestmark = pytest.mark.django_db
LIST = "/admin/leads/whatsappinstance/"


def facts(number):
    number.refresh_from_db()
    return number.state, number.pause_reason


def test_number_that_drifted_off_is_paused_and_goes_on_by_itself(gateway, number):
    gateway.instances["mutirao"]["state"] = "close"
    tasks.check_whatsapp()
    assert facts(number) == ("close", "disconnected")

    gateway.instances["mutirao"]["state"] = "open"
    tasks.check_whatsapp()
    assert facts(number) == ("open", "")
    assert number.paused_at is None


def test_number_that_the_gateway_does_not_know_is_paused(gateway, number):
    del gateway.instances["mutirao"]

    instances.check(number.pk)

    assert facts(number) == ("open", "refused")


def test_gateway_that_is_away_says_nothing_of_the_number(gateway, number, settings):
    settings.EVOLUTION_URL = "http://127.0.0.1:1"

    instances.check(number.pk)

    assert facts(number) == ("open", "")


def test_pause_of_staff_is_not_taken_back_by_the_gateway(gateway, number):
    instances.pause(number)

    instances.check(number.pk)

    assert facts(number) == ("open", "staff")


def test_staff_on_duty_are_told_once_for_each_pause(number, on_duty, mailoutbox):
    UserFactory(is_staff=True)
    for _ in range(2):
        instances.fail(number, reason="disconnected")
        alerts.alert(number.pk)
        alerts.alert(number.pk)
        instances.state_is(number, "open")

    assert [mail.to for mail in mailoutbox] == [[on_duty.email]] * 2
    assert f"{LIST}{number.pk}/change/" in mailoutbox[0].body


def test_alert_of_a_pause_that_is_over_is_not_sent(number, on_duty, mailoutbox):
    alerts.alert(number.pk)

    assert mailoutbox == []


def test_mail_server_that_is_away_leaves_the_alert_to_the_next_try(number, on_duty, monkeypatch):
    def away(*arguments):
        raise OSError

    instances.fail(number, reason="refused")
    monkeypatch.setattr(alerts, "send_mail", away)

    with pytest.raises(OSError):  # noqa: PT011
        alerts.alert(number.pk)

    number.refresh_from_db()
    assert number.alerted_at is None


def test_staff_pause_and_resume_in_the_admin(gateway, number, admin_client):
    chosen = {"_selected_action": [number.pk]}

    admin_client.post(LIST, {"action": "pause", **chosen})
    assert facts(number) == ("open", "staff")
    again = admin_client.post(LIST, {"action": "pause", **chosen}, follow=True)
    assert "já está em pausa" in again.text

    admin_client.post(LIST, {"action": "resume", **chosen})
    assert facts(number) == ("open", "")
    again = admin_client.post(LIST, {"action": "resume", **chosen}, follow=True)
    assert "não está em pausa" in again.text


def test_page_shows_why_and_no_secret(number, admin_client):
    instances.fail(number, reason="disconnected")

    for page in (LIST, f"{LIST}{number.pk}/change/"):
        text = admin_client.get(page).text
        assert "desconectado" in text
        assert number.path_key not in text


def test_who_may_only_look_pauses_nothing(number, client):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_whatsappinstance"))
    client.force_login(staff)

    client.post(LIST, {"action": "pause", "_selected_action": [number.pk]})

    assert facts(number) == ("open", "")


def test_connecting_makes_the_number_and_leads_its_calls_here(gateway, settled, capsys):
    del gateway.instances["mutirao"]
    gateway.secret = ""  # the token of the real one

    call_command("connect_whatsapp", site="http://testserver")

    number = WhatsAppInstance.objects.get()
    webhook = gateway.instances["mutirao"]["webhook"]
    assert webhook["url"] == f"http://testserver/webhook/evolution/{number.path_key}"
    assert (webhook["headers"], webhook["byEvents"]) == ({"jwt_key": SECRET}, False)
    assert (number.state, number.is_default) == ("open", True)
    assert capsys.readouterr().out == "mutirao: open.\n"
    gateway.says("+5511987654321", "Oi")
    assert WebhookEvent.objects.get().instance == number


def test_connecting_again_changes_no_address(gateway, capsys):
    call_command("connect_whatsapp")
    before = WhatsAppInstance.objects.get().path_key

    call_command("connect_whatsapp")

    assert WhatsAppInstance.objects.get().path_key == before


def test_number_that_no_phone_has_yet_shows_what_to_scan(gateway, on_duty, capsys, mailoutbox):
    gateway.instances["mutirao"]["state"] = "close"

    call_command("connect_whatsapp")

    out = capsys.readouterr().out
    assert out.startswith("mutirao: close.\n")
    assert out.count("\n") > 10
    assert (WhatsAppInstance.objects.get().state, mailoutbox) == ("close", [])


def test_second_number_is_not_the_default(gateway, number):
    call_command("connect_whatsapp", instance="outro")

    assert WhatsAppInstance.objects.get(is_default=True) == number


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"EVOLUTION_URL": ""}, "EVOLUTION_URL"),
        ({"WEBHOOK_SECRETS": []}, "WEBHOOK_SECRET"),
        ({"EVOLUTION_API_KEY": "wrong"}, "401"),
        ({"EVOLUTION_URL": "http://127.0.0.1:1"}, "does not answer"),
    ],
)
def test_connecting_says_what_is_wrong(gateway, settings, changes, words):
    for name, value in changes.items():
        setattr(settings, name, value)

    with pytest.raises(CommandError, match=words):
        call_command("connect_whatsapp")


def test_state_of_the_gateway_is_noted_with_its_time(gateway, number):
    instances.check(number.pk)

    number.refresh_from_db()
    assert (timezone.now() - number.checked_at).total_seconds() < 10
