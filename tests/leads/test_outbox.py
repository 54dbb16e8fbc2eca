"""What we write goes out once, in order and at its pace, whatever the gateway does."""

import contextlib
import itertools
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.encryption import keyed_hash
from config.resilience import breakers
from leads import streams
from leads.evolution import gateway as wire
from leads.models import Conversation, Message, WhatsAppInstance
from leads.services import outbox
from leads.tasks import whatsapp as tasks
from tests.together import run_together

pytestmark = pytest.mark.django_db
ANA, RUI = "5511987654321@s.whatsapp.net", "5581912345678@s.whatsapp.net"


@pytest.fixture(autouse=True)
def _pace(settings):
    settings.WHATSAPP_PACE = timedelta(0)


@pytest.fixture(autouse=True)
def _short_wait(monkeypatch):
    monkeypatch.setattr(wire, "TIMEOUT", 1)


@pytest.fixture
def chat(gateway, number, settled):
    """Makes a conversation with a person who wrote."""

    def make(who=ANA):
        gateway.says(who, "Oi")
        settled()
        return Conversation.objects.get(key=keyed_hash("jid", who))

    return make


def queue(conversation, text="Olá!"):
    return outbox.queue(conversation, author="agent", text=text)


def pass_time(**by):
    """As if so much time had passed for all that waits."""
    for message in Message.objects.exclude(try_at=None):
        message.try_at -= timedelta(**by)
        message.save()
    for number in WhatsAppInstance.objects.all():
        number.next_send_at -= timedelta(**by)
        number.save()


def state(message):
    message.refresh_from_db()
    return message.delivery


def texts(gateway):
    return [text for _to, text in gateway.sent]


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
    assert message.delivery == ""


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

    number.refresh_from_db()
    assert number.pause_reason == "refused"
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


def test_answer_that_cannot_be_sent_goes_to_a_person(gateway, chat, number):
    conversation = chat()
    queue(conversation)
    gateway.refuses = 400

    outbox.deliver(number.pk)

    conversation.refresh_from_db()
    assert (conversation.state, conversation.handoff_reason) == ("waiting", "not_delivered")


class Killed(BaseException):
    """As if the process had ended here."""


TROUBLES = {
    "none": lambda send: send(),
    "refused before": lambda send: _raise(wire.Uncertain()),
    "silent after": lambda send: send() and _raise(wire.Uncertain()),
    "never began": lambda send: _raise(wire.NotSent(1)),
    "killed before": lambda send: _raise(Killed()),
    "killed after": lambda send: send() and _raise(Killed()),
}


def _raise(error):
    raise error


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    troubles=st.lists(st.sampled_from(sorted(TROUBLES)), max_size=6),
    echoes=st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_whatever_happens_each_message_goes_out_once_and_in_order(
    troubles, echoes, gateway, chat, number, settled
):
    real = wire.send_text
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        conversation = chat()
        messages = [queue(conversation, f"{index}") for index in range(3)]

        for trouble, echo in zip(troubles, echoes, strict=False):
            patch.setattr(wire, "send_text", _troubled(TROUBLES[trouble], real, gateway, echo))
            with contextlib.suppress(Killed):
                outbox.deliver(number.pk)
            settled()
            pass_time(seconds=61)
        patch.setattr(wire, "send_text", real)
        for _ in range(6):
            outbox.deliver(number.pk)
            pass_time(hours=1)

        assert texts(gateway) == ["0", "1", "2"]
        assert [state(message) for message in messages] == ["sent"] * 3
        transaction.set_rollback(True)
    _forget(gateway)


def _troubled(trouble, real, gateway, echo):
    """A sending that ends as it is told to; what was sent may be told of at once."""

    def send_text(*arguments):
        def send():
            message_id = real(*arguments)
            if echo:
                gateway._tell_of(gateway.messages[-1], "mutirao")
            return message_id

        return trouble(send)

    return send_text


def _forget(gateway):
    """Rows were rolled back: what the gateway remembers of them would be taken for new."""
    gateway.messages.clear()


FAR = {"SERVER_ACK": 1, "ERROR": 2, "DELIVERY_ACK": 3, "READ": 4, "PLAYED": 4}
NAMES = {1: "sent", 2: "failed", 3: "delivered", 4: "read"}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=st.lists(st.sampled_from([*FAR, "PENDING", "NEWS", ""]), max_size=6))
def test_delivery_is_the_farthest_of_all_that_was_told_in_any_order(
    told, gateway, chat, number, settled
):
    with transaction.atomic():
        message = queue(chat())
        outbox.deliver(number.pk)

        for status in told:
            gateway.receipt(gateway.messages[-1], status)
            settled()

        assert state(message) == NAMES[max([1, *(FAR.get(one, 0) for one in told)])]
        transaction.set_rollback(True)


@pytest.mark.parametrize(("now", "told"), list(itertools.product(outbox.ORDER, repeat=2)))
def test_no_state_goes_back(chat, number, now, told):
    message = queue(chat())
    Message.objects.filter(pk=message.pk).update(delivery=now, external_id="3EB0")

    outbox.delivery_changed(number, "3EB0", told)

    assert state(message) == max(now, told, key=outbox.ORDER.index)
