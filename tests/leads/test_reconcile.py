"""What the gateway remembers and never told us comes in all the same."""

import functools
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.core.management import call_command
from django.utils import timezone

from leads.evolution import gateway as wire
from leads.models import Conversation, Lead, Message, WebhookEvent
from leads.services import conversations, erasing, handoff, outbox, reconciling, taking_over
from leads.tasks import whatsapp as tasks
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_nobody_answers")]
ANA = "+5511987654321"


@pytest.fixture(autouse=True)
def _one_number(gateway, number, settings):
    settings.WHATSAPP_PACE = timedelta(0)


def lost(gateway, count, *, seconds_ago=60):
    gateway.loses = True
    now = int(time.time()) - seconds_ago
    records = [gateway.says(ANA, f"{index}", at=now - index) for index in range(count)]
    gateway.loses, gateway.undelivered = False, []
    return records


def test_lost_messages_are_taken_in_once_and_in_order(gateway, number, settled, monkeypatch):
    monkeypatch.setattr(wire, "PAGE", 3)
    lost(gateway, 8)

    assert reconciling.reconcile(number.pk) == 8
    assert reconciling.reconcile(number.pk) == 0

    settled()
    texts = [message.text for message in Message.objects.in_order()]
    assert texts == [f"{index}" for index in reversed(range(8))]
    ids = WebhookEvent.objects.order_by("pk").values_list("external_id", flat=True)
    assert list(ids) == [message.external_id for message in Message.objects.in_order()]


def test_more_than_is_read_at_once_is_read_from_the_earliest(gateway, number, settled, monkeypatch):
    monkeypatch.setattr(wire, "PAGE", 2)
    monkeypatch.setattr(wire, "MOST_PAGES", 3)
    for hours in range(23, 0, -1):
        lost(gateway, 1, seconds_ago=hours * 3600)

    assert reconciling.reconcile(number.pk) == 23
    assert reconciling.reconcile(number.pk) == 0

    settled()
    ids = WebhookEvent.objects.order_by("pk").values_list("external_id", flat=True)
    assert list(ids) == [message.external_id for message in Message.objects.in_order()]


@pytest.fixture
def tasks_run(number, monkeypatch):
    """So many tasks compare; each is killed after so many pages, be they full or empty."""
    page, left = wire._page, []

    def slow(*arguments):
        if not left:
            raise SoftTimeLimitExceeded
        left.pop()
        return page(*arguments)

    def run(count, *, pages):
        for _ in range(count):
            left[:] = range(pages)
            with suppress(SoftTimeLimitExceeded):
                reconciling.reconcile(number.pk)
        number.refresh_from_db()

    monkeypatch.setattr(wire, "_page", slow)
    return run


def test_what_takes_longer_than_a_task_has_is_read_by_several(gateway, number, tasks_run):
    for hours in range(23, 0, -1):
        lost(gateway, 1, seconds_ago=hours * 3600)

    tasks_run(6, pages=6)

    assert number.reconciled_at > timezone.now() - timedelta(minutes=1)
    assert WebhookEvent.objects.count() == 23


def test_so_are_hours_each_of_which_does(gateway, number, tasks_run, monkeypatch):
    monkeypatch.setattr(wire, "PAGE", 1)
    for minutes in range(3 * 60):
        lost(gateway, 1, seconds_ago=4 * 3600 + minutes * 60)

    tasks_run(9, pages=50)

    assert number.reconciled_at > timezone.now() - timedelta(minutes=1)
    assert WebhookEvent.objects.count() == 180


def test_what_is_too_much_for_an_hour_is_not_passed_by(gateway, number, monkeypatch, caplog):
    monkeypatch.setattr(wire, "PAGE", 2)
    monkeypatch.setattr(wire, "MOST_PAGES", 3)
    lost(gateway, 1, seconds_ago=20 * 3600)
    lost(gateway, 8, seconds_ago=10 * 3600)

    assert reconciling.reconcile(number.pk) == 1

    number.refresh_from_db()
    ago = timezone.now() - number.reconciled_at
    assert timedelta(hours=10) < ago < timedelta(hours=20)
    assert "too much" in caplog.text


def test_earlier_time_that_somebody_asks_for_does_not_put_the_next_run_back(
    gateway, number, monkeypatch
):
    reconciling.reconcile(number.pk)
    number.refresh_from_db()
    before = number.reconciled_at
    monkeypatch.setattr(wire, "PAGE", 2)
    monkeypatch.setattr(wire, "MOST_PAGES", 3)
    lost(gateway, 1, seconds_ago=20 * 3600)
    lost(gateway, 8, seconds_ago=10 * 3600)

    assert reconciling.reconcile(number.pk, since=timezone.now() - timedelta(days=3)) == 1

    number.refresh_from_db()
    assert number.reconciled_at == before


def test_message_that_was_told_is_not_taken_in_again(gateway, number, settled):
    gateway.says(ANA, "Oi", at=int(time.time()) - 60)

    assert reconciling.reconcile(number.pk) == 0


def test_call_that_comes_late_after_all_is_known(gateway, number, settled):
    (record,) = lost(gateway, 1)
    reconciling.reconcile(number.pk)
    settled()

    gateway._tell_of(record, "mutirao")
    settled()

    assert Message.objects.count() == 1


def test_groups_stay_out_and_what_staff_wrote_comes_in(gateway, number, settled):
    old = int(time.time()) - 60
    gateway.record("120363000000000000@g.us", {"conversation": "Bom dia"}, at=old)
    gateway.record(ANA, {"conversation": "Aqui é a Rosa"}, from_us=True, at=old)

    assert reconciling.reconcile(number.pk) == 1

    settled()
    assert Conversation.objects.get().state == "staff"


def late_reply(gateway, number, settled):
    """Of staff, who wrote before the person did; the gateway's call was lost. Both as a second."""
    now = int(time.time())
    gateway.record(ANA, {"conversation": "Aqui é a Rosa"}, from_us=True, at=now - 300)
    reconciling.reconcile(number.pk)
    settled()
    return now - 300


def test_what_was_written_after_staff_wrote_is_not_answered_by_it(gateway, number, settled):
    gateway.says(ANA, "Onde é?", at=int(time.time()) - 120)
    settled()

    moment = late_reply(gateway, number, settled)

    assert [message.author for message in Message.objects.in_order()] == ["staff", "person"]
    assert Message.objects.get(author="staff").sent_at.timestamp() == moment
    chat = Conversation.objects.get()
    assert (chat.state, chat.handed_off_at) == (
        "staff",
        Message.objects.get(author="person").accepted_at,
    )
    taking_over.hand_back(chat, by=UserFactory(is_staff=True))
    chat.refresh_from_db()
    assert chat.answer_due_at is not None
    assert [one.text for one in conversations.unanswered(chat)] == ["Onde é?"]


def test_what_staff_wrote_before_it_ends_no_hand_off(gateway, number, settled):
    gateway.says(ANA, "Onde é?", at=int(time.time()) - 120)
    settled()
    chat = Conversation.objects.get()
    handoff.hand_off(chat, reason="asked", summary="")
    since = chat.handed_off_at

    late_reply(gateway, number, settled)

    chat.refresh_from_db()
    assert (chat.state, chat.handed_off_at) == ("waiting", since)


def test_what_staff_answered_before_they_wrote_again_waits_for_nobody(gateway, number, settled):
    gateway.says(ANA, "Onde é?", at=int(time.time()) - 120)
    gateway.writes_by_hand(ANA, "Na praça")
    settled()

    late_reply(gateway, number, settled)

    chat = Conversation.objects.get()
    assert (chat.state, chat.handed_off_at) == ("staff", None)
    assert not conversations.unanswered(chat).exists()


def test_receipts_that_were_lost_come_in(gateway, number, settled):
    gateway.says(ANA, "Oi")
    settled()
    message = outbox.queue(Conversation.objects.get(), author="agent", text="Olá!")
    outbox.deliver(number.pk)
    record = gateway.messages[-1]
    record["messageTimestamp"] -= 60
    record["MessageUpdate"] = [{"status": "DELIVERY_ACK"}, {"status": "READ"}, {"status": "NEWS"}]

    reconciling.reconcile(number.pk)
    settled()

    message.refresh_from_db()
    assert message.delivery == "read"


def test_comparison_goes_on_where_it_ended_and_laps_over(gateway, number):
    number.reconciled_at = timezone.now() - timedelta(minutes=30)
    number.save()
    lost(gateway, 1, seconds_ago=3 * 3600)
    lost(gateway, 1, seconds_ago=35 * 60)

    assert reconciling.reconcile(number.pk) == 1
    number.refresh_from_db()
    assert number.reconciled_at > timezone.now() - timedelta(minutes=1)


def test_gateway_that_breaks_halfway_moves_nothing_on(gateway, number, monkeypatch):
    lost(gateway, 1)
    monkeypatch.setattr(type(gateway), "find", lambda *call: (500, {}))
    monkeypatch.setattr("tests.leads.gateway.ROUTES", {})

    assert reconciling.reconcile(number.pk) == 0

    number.refresh_from_db()
    assert number.reconciled_at is None


def test_command_goes_as_far_back_as_one_likes(gateway, number, capsys):
    lost(gateway, 1, seconds_ago=50 * 3600)
    call_command("reconcile_whatsapp")
    call_command("reconcile_whatsapp", hours=60)

    assert capsys.readouterr().out == "mutirao: 0 taken in.\nmutirao: 1 taken in.\n"


def test_beat_compares_every_number(gateway, number, django_capture_on_commit_callbacks):
    lost(gateway, 1)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.reconcile_whatsapp()

    assert Message.objects.count() == 1


@pytest.mark.parametrize("are_events_kept", [True, False])
def test_who_was_erased_is_not_taken_in_again(gateway, number, settled, are_events_kept):
    gateway.says(ANA, "Oi", at=int(time.time()) - 60)
    settled()
    conversation = Conversation.objects.get()
    outbox.queue(conversation, author="agent", text="Olá!")
    outbox.deliver(number.pk)
    gateway.messages[-1]["messageTimestamp"] -= 60
    gateway.messages[-1]["MessageUpdate"] = [{"status": "READ"}]
    if not are_events_kept:
        WebhookEvent.objects.all().delete()
    erasing.erase(conversation.lead)

    assert reconciling.reconcile(number.pk) == 0

    assert not settled()
    assert not Lead.objects.exists()


def test_what_the_marks_of_the_erased_do_not_reach_is_not_taken_in(gateway, number):
    lost(gateway, 1, seconds_ago=31 * 24 * 3600)

    assert reconciling.reconcile(number.pk, since=timezone.now() - timedelta(days=90)) == 0


def test_message_that_cannot_be_read_keeps_nothing_from_coming_in(gateway, number, settled):
    lost(gateway, 1)
    deep = functools.reduce(lambda inner, _: [inner], range(300), "!")
    gateway.record(ANA, {"conversation": "Oi", "more": deep}, at=int(time.time()) - 60)
    gateway.record(ANA, {"conversation": "Oi"}, at=int(time.time()) - 60, message_id="no id")

    assert reconciling.reconcile(number.pk) == 1
