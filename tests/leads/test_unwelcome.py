"""What was queued for WhatsApp unasked, and is unwelcome when its turn comes."""

from datetime import timedelta
from uuid import uuid4

import pytest

from leads.models import Conversation, FollowUp, Lead, Message, Sequence
from leads.services import bulk, outbox, sequences, taking_over
from tests.factories import UserFactory
from tests.leads.agreed import HOUR, MINUTE, statuses
from tests.leads.people import write
from tests.leads.sending import texts

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock", "_nobody_answers")]


@pytest.fixture
def waiting(gateway, number, settings, make_sequence, make_lead, later):
    """A conversation for which a follow-up stands in the outbox."""
    settings.WHATSAPP_PACE = timedelta(0)
    make_sequence(10, channel="whatsapp")
    make_lead(whatsapp=True)
    later(10 * MINUTE)
    return Conversation.objects.get()


def test_it_goes_out_if_nothing_happened(gateway, number, waiting):
    outbox.deliver(number.pk)

    assert texts(gateway) == [Message.objects.get().text]
    assert statuses() == [("sent", "")]


def refused(gateway, number, clock):
    gateway.refuses = 400
    outbox.deliver(number.pk)


def refused_later(gateway, number, clock):
    outbox.deliver(number.pk)
    message_id = gateway.messages[-1]["key"]["id"]
    outbox.delivery_changed(number, message_id, Message.Delivery.FAILED)


def too_late(gateway, number, clock):
    clock.shift(25 * HOUR)
    outbox.deliver(number.pk)


def tried_out(gateway, number, clock):
    Message.objects.update(attempts=outbox.MAX_ATTEMPTS)
    outbox.deliver(number.pk)


@pytest.mark.parametrize(
    ("fails", "reason", "counts"),
    [
        (refused, "refused", False),
        (refused_later, "refused", False),
        (too_late, "too_late", False),
        (tried_out, "interrupted", True),
    ],
)
def test_what_failed_says_so_and_counts_only_if_it_may_be_out(
    gateway, number, waiting, clock, fails, reason, counts
):
    fails(gateway, number, clock)

    assert Message.objects.get().delivery == "failed"
    assert statuses() == [("failed", reason)]
    assert FollowUp.objects.counted().exists() == counts


def test_what_was_delivered_after_all_counts(gateway, number, waiting, clock):
    refused_later(gateway, number, clock)

    outbox.delivery_changed(number, Message.objects.get().external_id, Message.Delivery.DELIVERED)

    assert statuses() == [("sent", "")]
    assert FollowUp.objects.counted().exists()


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (lambda waiting: write(waiting, "PARAR"), "opted_out"),
        (lambda waiting: write(waiting, "Já me inscrevi"), "replied"),
        (lambda waiting: taking_over.take_over(waiting, by=UserFactory()), "taken_over"),
        (lambda waiting: sequences.deactivate(Sequence.objects.get(is_active=True)), "staff"),
    ],
)
def test_it_stays_here_if_it_is_not_wanted_any_more(
    gateway, number, waiting, clock, happens, reason
):
    clock.shift(MINUTE)
    happens(waiting)
    clock.shift(MINUTE)

    for _ in range(2):
        outbox.deliver(number.pk)

    assert [text for text in texts(gateway) if text.startswith("Oi Iara")] == []
    assert statuses() == [("skipped", reason)]
    assert FollowUp.objects.get().sent_at is None
    # What answers them goes out all the same.
    assert len(texts(gateway)) == (1 if reason == "opted_out" else 0)


def test_it_stays_here_in_the_night(gateway, number, waiting, clock):
    clock.shift(11 * HOUR)

    outbox.deliver(number.pk)

    assert texts(gateway) == []
    assert statuses() == [("skipped", "too_late")]


def test_copy_of_what_staff_wrote_to_many_stays_here_too(
    gateway, number, settings, make_lead, later, clock
):
    make_lead(whatsapp=True)
    words = {"channel": "whatsapp", "subject": "", "text": "Oi {name}!"}
    bulk.write_to(Lead.objects.all(), by=UserFactory(is_staff=True), token=uuid4(), **words)
    later()
    clock.shift(MINUTE)
    write(Conversation.objects.get(), "parar")

    outbox.deliver(number.pk)

    assert texts(gateway) == []
    assert statuses() == [("skipped", "opted_out")]
