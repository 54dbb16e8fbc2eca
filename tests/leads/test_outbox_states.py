"""Random troubles and receipts: what holds in the end."""

import contextlib
import itertools

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leads.evolution import gateway as wire
from leads.models import Message
from leads.services import outbox
from tests.leads.sending import pass_time, queue, state, texts

pytestmark = pytest.mark.django_db


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
