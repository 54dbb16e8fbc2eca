"""What we write goes out once, in its order and at its pace."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads import streams
from leads.models import WhatsAppInstance
from leads.services import outbox
from leads.tasks import whatsapp as tasks
from tests.leads.gateway import ROUTES
from tests.leads.sending import ANA, RUI, in_use, pass_time, queue, state, texts
from tests.together import run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_nobody_answers")]


def test_message_waits_for_the_commit_and_goes_out(
    gateway, chat, django_capture_on_commit_callbacks
):
    conversation = chat()

    with django_capture_on_commit_callbacks(execute=True):
        message = queue(conversation)
        assert (message.delivery, gateway.sent) == ("queued", [])

    assert gateway.sent == [(ANA, "Olá!")]
    assert state(message) == "sent"
    assert message.external_id == gateway.messages[-1]["key"]["id"]


def test_message_to_the_web_goes_to_its_stream(
    lead_on_the_web, monkeypatch, django_capture_on_commit_callbacks
):
    published = []
    monkeypatch.setattr(streams, "publish_message", published.append)

    with django_capture_on_commit_callbacks(execute=True):
        message = queue(lead_on_the_web)
        assert published == []

    assert published == [message]
    assert state(message) == "queued"  # until its readers are told


def test_answer_of_a_burst_is_queued_once(chat):
    conversation = chat()
    outbox.queue(conversation, author="agent", text="Olá!", answers_through=7)

    with pytest.raises(IntegrityError), transaction.atomic():
        outbox.queue(conversation, author="agent", text="Olá de novo!", answers_through=7)


def test_order_holds_within_a_conversation_and_the_oldest_goes_first(gateway, chat, number):
    ana, rui = chat(ANA), chat(RUI)
    for conversation, text in [(ana, "1"), (ana, "2"), (rui, "3"), (ana, "4")]:
        queue(conversation, text)

    for _ in range(4):
        outbox.deliver(number.pk)

    assert texts(gateway) == ["1", "2", "3", "4"]


def test_pace_is_kept(gateway, chat, number, settings):
    settings.WHATSAPP_PACE = timedelta(seconds=1)
    conversation = chat()
    queue(conversation, "1")
    queue(conversation, "2")

    outbox.deliver(number.pk)
    outbox.deliver(number.pk)
    assert texts(gateway) == ["1"]

    pass_time(seconds=1)
    outbox.deliver(number.pk)
    assert texts(gateway) == ["1", "2"]


def test_next_message_is_seen_to_at_its_time(gateway, chat, number, settings, monkeypatch):
    settings.WHATSAPP_PACE = timedelta(seconds=1)
    later = []
    monkeypatch.setattr(outbox.nudges, "send_later", lambda *call, **when: later.append(when))
    conversation = chat()
    for text in "12":
        queue(conversation, text)

    outbox.deliver(number.pk)
    outbox.deliver(number.pk)

    assert len(later) == 2
    assert all(0.5 < when["seconds"] <= 1 for when in later)


@pytest.mark.django_db(transaction=True)
def test_many_workers_send_each_message_once(gateway, chat, number, monkeypatch):
    conversations = [chat(ANA), chat(RUI)]
    monkeypatch.setattr(tasks.deliver_messages, "apply_async", lambda *call, **options: None)
    for index in range(6):
        queue(conversations[index % 2], f"{index}")

    for _ in range(6):
        run_together(*[lambda: outbox.deliver(number.pk)] * 4)

    assert sorted(texts(gateway)) == list("012345")


@pytest.mark.django_db(transaction=True)
def test_no_connection_is_held_while_the_gateway_sends(gateway, chat, number, monkeypatch):
    conversation, used = chat(), []
    call = ("POST", "message/sendText")
    send = ROUTES[call]
    monkeypatch.setitem(ROUTES, call, lambda *asked: used.append(in_use()) or send(*asked))
    held = in_use()

    queue(conversation)

    assert texts(gateway) == ["Olá!"]
    assert used == [held - 1]


@pytest.mark.parametrize("why", ["paused", "closed", "without a gateway"])
def test_number_that_may_not_send_sends_nothing(gateway, chat, number, settings, why):
    message = queue(chat())
    if why == "without a gateway":
        settings.EVOLUTION_URL = ""
    else:
        changes = {"paused": {"paused_at": timezone.now()}, "closed": {"state": "close"}}
        WhatsAppInstance.objects.update(**changes[why])

    outbox.deliver(number.pk)

    assert (state(message), gateway.sent) == ("queued", [])
