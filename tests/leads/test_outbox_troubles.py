"""Whatever the gateway does, nothing is sent twice and nothing is lost."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from config.resilience import breakers
from leads.evolution import gateway as wire
from leads.evolution.messages import Change
from leads.models import Conversation, Message
from leads.services import changing, instances, outbox
from leads.tasks import whatsapp as tasks
from tests.leads.people import conversation as talk
from tests.leads.sending import pass_time, queue, state, texts
from tests.together import run_together

pytestmark = pytest.mark.django_db


def test_timeout_after_delivery_is_asked_about_and_not_repeated(gateway, chat, number):
    message = queue(chat())
    gateway.falls_silent = True
    outbox.deliver(number.pk)
    assert state(message) == "sending"
    outbox.deliver(number.pk)
    assert texts(gateway) == ["Olá!"]

    gateway.falls_silent = False
    gateway.silence.set()
    pass_time(seconds=16)
    outbox.deliver(number.pk)

    assert texts(gateway) == ["Olá!"]
    assert state(message) == "sent"
    assert message.external_id == gateway.messages[-1]["key"]["id"]


def test_what_was_not_delivered_is_sent_after_it_was_asked_for(gateway, chat, number):
    message = queue(chat())
    gateway.refuses = 500
    outbox.deliver(number.pk)
    assert state(message) == "sending"

    gateway.refuses = 0
    pass_time(seconds=16)
    outbox.deliver(number.pk)

    assert state(message) == "sent"
    paths = [path.partition("/mutirao")[0] for path, _ in gateway.calls]
    assert paths == ["message/sendText", "chat/findMessages", "message/sendText"]


def test_same_words_of_earlier_are_not_taken_for_the_message(gateway, chat, number):
    conversation = chat()
    queue(conversation, "Ok")
    outbox.deliver(number.pk)
    second = queue(conversation, "Ok")
    gateway.refuses = 500
    outbox.deliver(number.pk)

    gateway.refuses = 0
    pass_time(seconds=16)
    outbox.deliver(number.pk)

    assert texts(gateway) == ["Ok", "Ok"]
    assert state(second) == "sent"


def test_uncertain_message_holds_back_what_follows_it(gateway, chat, number):
    conversation = chat()
    first, second = queue(conversation, "1"), queue(conversation, "2")
    gateway.refuses = 500
    outbox.deliver(number.pk)
    gateway.refuses = 0

    outbox.deliver(number.pk)
    assert (state(first), state(second)) == ("sending", "queued")

    pass_time(seconds=16)
    outbox.deliver(number.pk)
    outbox.deliver(number.pk)
    assert texts(gateway) == ["1", "2"]


@pytest.mark.parametrize("step", ["before the call", "after the call"])
def test_worker_that_is_killed_while_it_sends_loses_and_repeats_nothing(
    gateway, chat, number, monkeypatch, step
):
    class Killed(BaseException):
        pass

    real, message = wire.send_text, queue(chat())

    def die(*arguments):
        if step == "after the call":
            real(*arguments)
        raise Killed

    monkeypatch.setattr(wire, "send_text", die)
    with pytest.raises(Killed):
        outbox.deliver(number.pk)
    monkeypatch.setattr(wire, "send_text", real)
    assert outbox.waiting_instances() == []

    pass_time(seconds=61)
    tasks.retry_waiting_messages()

    assert texts(gateway) == ["Olá!"]
    assert state(message) == "sent"


def test_worker_that_was_taken_for_dead_changes_nothing(gateway, chat, number, monkeypatch):
    message, real = queue(chat()), wire.send_text

    def slow(*arguments):
        pass_time(seconds=61)
        monkeypatch.setattr(wire, "send_text", real)
        outbox.deliver(number.pk)
        raise wire.NotSent(1)

    monkeypatch.setattr(wire, "send_text", slow)
    outbox.deliver(number.pk)

    assert state(message) == "sent"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_refusal_of_the_number_pauses_it_and_tells_staff_once(
    gateway, chat, number, on_duty, mailoutbox, django_capture_on_commit_callbacks, status
):
    message = queue(chat())
    gateway.refuses = status

    with django_capture_on_commit_callbacks(execute=True):
        outbox.deliver(number.pk)
        outbox.deliver(number.pk)

        instances.check(number.pk)  # it is open, and says so
        outbox.deliver(number.pk)

    number.refresh_from_db()
    assert number.pause_reason == "sending_refused"
    assert [mail.to for mail in mailoutbox] == [[on_duty.email]]
    assert "mutirao" in mailoutbox[0].subject
    assert (state(message), message.attempts) == ("queued", 0)


def test_refusal_of_a_message_fails_it_and_the_others_go_on(gateway, chat, number):
    conversation = chat()
    first, second = queue(conversation, "1"), queue(conversation, "2")
    gateway.refuses = 400
    outbox.deliver(number.pk)
    gateway.refuses = 0
    outbox.deliver(number.pk)

    assert (state(first), first.error) == ("failed", "refused: 400")
    assert state(second) == "sent"


@pytest.mark.parametrize("how", ["429", "closed port", "open breaker"])
def test_what_never_reached_the_gateway_is_sent_later_without_a_question(
    gateway, chat, number, settings, monkeypatch, how
):
    message = queue(chat())
    if how == "429":
        gateway.refuses = 429
    elif how == "closed port":
        settings.EVOLUTION_URL = "http://127.0.0.1:1"
    else:
        for _ in range(5):
            breakers._all["evolution"].fail(OSError())
    outbox.deliver(number.pk)
    assert (state(message), message.attempts, gateway.sent) == ("queued", 0, [])

    gateway.refuses, settings.EVOLUTION_URL = 0, gateway.url
    breakers._all["evolution"].reset()
    pass_time(seconds=61)
    outbox.deliver(number.pk)

    assert texts(gateway) == ["Olá!"]
    assert not [path for path, _ in gateway.calls if "findMessages" in path]


def test_gateway_that_only_breaks_is_given_up_in_the_end(gateway, chat, number):
    message = queue(chat())
    gateway.refuses = 500

    for _ in range(outbox.MAX_ATTEMPTS + 1):
        outbox.deliver(number.pk)
        breakers._all["evolution"].reset()
        pass_time(hours=1)

    assert (state(message), message.error) == ("failed", "too many tries")


def test_answer_of_yesterday_is_not_sent_any_more(gateway, chat, number):
    message = queue(chat())
    Message.objects.filter(pk=message.pk).update(accepted_at=timezone.now() - timedelta(hours=25))

    outbox.deliver(number.pk)

    assert (state(message), gateway.sent) == ("failed", [])


def test_echo_before_the_answer_is_the_answer(gateway, chat, number, settled, monkeypatch):
    conversation, real = chat(), wire.send_text
    message = queue(conversation, "Olá, tudo bem?")

    def told_first(*arguments):
        real(*arguments)
        gateway._tell_of(gateway.messages[-1], "mutirao")
        settled()
        raise wire.Uncertain

    monkeypatch.setattr(wire, "send_text", told_first)
    outbox.deliver(number.pk)

    assert state(message) == "sent"
    conversation.refresh_from_db()
    assert (conversation.state, conversation.messages.count()) == ("agent", 2)


def test_message_that_was_taken_for_written_by_hand_is_out_all_the_same(
    gateway, chat, number, settled, monkeypatch
):
    conversation = chat()
    message = queue(conversation)
    monkeypatch.setattr(outbox, "echoed", lambda *call, **more: False)
    outbox_call = wire.send_text

    def told_first(*arguments):
        message_id = outbox_call(*arguments)
        gateway._tell_of(gateway.messages[-1], "mutirao")
        settled()
        return message_id

    monkeypatch.setattr(wire, "send_text", told_first)
    outbox.deliver(number.pk)

    assert (state(message), message.external_id) == ("sent", None)


def test_receipts_that_came_before_the_id_are_found(gateway, chat, number, settled, monkeypatch):
    message, real = queue(chat()), wire.send_text

    def told_first(*arguments):
        message_id = real(*arguments)
        gateway.receipt(gateway.messages[-1], "DELIVERY_ACK")
        settled()
        return message_id

    monkeypatch.setattr(wire, "send_text", told_first)
    outbox.deliver(number.pk)

    assert state(message) == "delivered"


def test_receipts_of_what_a_person_wrote_change_nothing(gateway, chat, settled):
    chat()
    gateway.receipt(gateway.messages[-1], "READ")

    assert settled() == []
    assert Message.objects.get().delivery == ""


def test_answer_that_is_refused_later_goes_to_a_person_once(gateway, chat, number, settled):
    conversation = chat()
    message = queue(conversation)
    outbox.deliver(number.pk)
    assert state(message) == "sent"

    gateway.receipt(gateway.messages[-1], "ERROR")
    settled()
    handed_off_at = Conversation.objects.get().handed_off_at
    gateway.tell("messages.update", {"keyId": message.external_id, "status": "ERROR", "again": 1})
    settled()

    assert state(message) == "failed"
    conversation.refresh_from_db()
    assert (conversation.state, conversation.handoff_reason) == ("waiting", "not_delivered")
    assert conversation.handed_off_at == handed_off_at


def test_error_that_is_told_after_the_delivery_changes_nothing(gateway, chat, number, settled):
    message = queue(chat())
    outbox.deliver(number.pk)
    for status in ("DELIVERY_ACK", "ERROR"):
        gateway.receipt(gateway.messages[-1], status)

    settled()

    assert state(message) == "delivered"
    assert Conversation.objects.get().state == "agent"


@pytest.mark.django_db(transaction=True)
def test_a_reaction_and_an_error_at_once_wait_for_each_other(gateway, number, settings):
    settings.WHATSAPP_PACE = timedelta(0)  # or the eager task would wait for it by calling itself
    for _ in range(5):
        to = talk()
        message = queue(to)
        Message.objects.filter(pk=message.pk).update(external_id="A", delivery="sent", try_at=None)
        reaction = Change(timezone.now(), "reacted", "👍", "A")

        run_together(
            partial(changing.changed, to.instance, "A", [reaction]),
            partial(outbox.delivery_changed, to.instance, "A", "failed"),
        )

        message.refresh_from_db()
        assert (message.reaction, message.delivery) == ("👍", "failed")
        to.lead.delete()


def test_answer_that_cannot_be_sent_goes_to_a_person(gateway, chat, number):
    conversation = chat()
    queue(conversation)
    gateway.refuses = 400

    outbox.deliver(number.pk)

    conversation.refresh_from_db()
    assert (conversation.state, conversation.handoff_reason) == ("waiting", "not_delivered")
