"""Edits, reactions and takings back take effect in whatever order they and their message come."""

import random
import time
from itertools import permutations

import pytest

from leads.models import Conversation, Lead, LeadConsent, LeadIdentity, Message, WebhookEvent
from leads.services import answers, erasing, reconciling
from tests.leads.gateway import edit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_nobody_answers")]
ANA, RUI = "+5511987654321", "+5581912345678"
LID = "123456789012345@lid"
AT = 1_790_000_000
# The same ones in each run: a test has the same name everywhere.
SOME_ORDERS = random.Random(7).sample(list(permutations(range(6))), 24)


@pytest.fixture(autouse=True)
def _one_number(gateway, number):
    return number


def said():
    return list(Message.objects.in_order().values_list("author", "kind", "text"))


def edit_message(record, text, at):
    return {"protocolMessage": edit(record, text, at)}


def reaction(record, emoji, at):
    return {
        "reactionMessage": {"key": record["key"], "text": emoji, "senderTimestampMs": f"{at}000"}
    }


def taking_back(record):
    return {"protocolMessage": {"key": record["key"], "type": "REVOKE"}}


def final():
    message = Message.objects.get()
    return message.text, message.reaction, message.edited_at and message.edited_at.timestamp()


@pytest.mark.parametrize("order", SOME_ORDERS)
def test_changes_come_to_the_same_in_whatever_order_they_come(gateway, settled, order):
    gateway.loses = True
    record = gateway.says(ANA, "Sabdo", at=AT)
    gateway.tell("messages.edited", edit(record, "Sabado", AT + 1))
    gateway.sends(ANA, edit_message(record, "Sàbado", AT + 2))
    gateway.sends(ANA, {"editedMessage": {"message": edit_message(record, "Sábado", AT + 3)}})
    gateway.sends(ANA, reaction(record, "👍", AT + 4))
    gateway.sends(ANA, reaction(record, "❤️", AT + 5))
    gateway.loses = False
    gateway.undelivered = [gateway.undelivered[place] for place in order]

    for instance, payload in gateway.undelivered:
        gateway.call(instance, payload)
        assert settled() == []

    assert final() == ("Sábado", "❤️", AT + 3)


def test_an_edit_that_names_itself_is_of_the_message_with_its_id(gateway, settled):
    record = gateway.record(ANA, {"conversation": "Sabdo"}, at=AT)
    for second, text in enumerate(["Sabado", "Sábado"], start=1):
        wrapped = {"editedMessage": {"message": {"conversation": text}}}
        told = {**record, "message": wrapped, "messageTimestamp": AT + second}
        gateway.tell("messages.upsert", told)
    gateway.tell("messages.upsert", record)

    assert settled() == []
    assert final() == ("Sábado", "", AT + 2)


@pytest.mark.parametrize("kind", ["REVOKE", 0])
@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_was_taken_back_is_gone_and_asks_for_nothing(gateway, settled, order, kind):
    gateway.loses = True
    record = gateway.says(ANA, "Moro na rua 7", at=AT)
    gateway.sends(ANA, edit_message(record, "Moro na rua 8", AT + 2))
    back = taking_back(record)
    back["protocolMessage"]["type"] = kind
    gateway.sends(ANA, back, at=AT + 1)
    gateway.loses = False
    gateway.undelivered = [gateway.undelivered[place] for place in order]

    for instance, payload in gateway.undelivered:
        gateway.call(instance, payload)
        assert settled() == []

    assert final() == ("", "", AT + 1)
    assert Message.objects.get().is_taken_back
    answers.answer(Conversation.objects.get().pk)
    assert not Message.objects.filter(author="agent").exists()
    assert Conversation.objects.get().answer_due_at is None


@pytest.mark.parametrize("is_inside", [True, False])
@pytest.mark.parametrize("is_early", [True, False])
def test_gateway_tells_by_its_key_what_was_taken_back(gateway, settled, is_early, is_inside):
    record = gateway.record(ANA, {"conversation": "Moro na rua 7"}, at=AT)
    key = {**record["key"], "status": "DELETED"}
    told = [
        ("messages.upsert", record),
        ("messages.delete", {"key": key} if is_inside else key),
    ]

    for event, data in told[::-1] if is_early else told:
        gateway.tell(event, data)
        assert settled() == []

    assert Message.objects.get().is_taken_back
    assert Message.objects.get().text == ""


@pytest.mark.parametrize("is_early", [True, False])
def test_picture_that_was_taken_back_concerns_nobody(gateway, settled, is_early):
    record = gateway.record(ANA, {"imageMessage": {"caption": "Eu"}})
    told = [
        ("messages.upsert", record),
        ("messages.edited", taking_back(record)["protocolMessage"]),
    ]

    for event, data in told[::-1] if is_early else told:
        gateway.tell(event, data)
        assert settled() == []

    assert Message.objects.filter(author="person").get().text == ""
    assert Conversation.objects.get().state == ("agent" if is_early else "waiting")


def test_a_person_takes_back_nothing_that_we_said(gateway, settled):
    record = gateway.writes_by_hand(ANA, "Oi, aqui é a Rosa")
    gateway.sends(ANA, taking_back(record))
    gateway.tell("messages.delete", record["key"])

    assert settled() == []
    assert said() == [("staff", "text", "Oi, aqui é a Rosa")]


@pytest.mark.parametrize("is_early", [True, False])
def test_word_that_comes_as_an_edit_stops_messages_once(gateway, settled, is_early):
    record = gateway.record(ANA, {"conversation": "oi"}, at=AT)
    told = [
        ("messages.upsert", record),
        ("messages.edited", edit(record, "STOP", AT + 1)),
    ]
    for event, data in told[::-1] if is_early else told:
        gateway.tell(event, data)
    gateway.sends(ANA, reaction(record, "👍", AT + 2))

    assert settled() == []
    answers.answer(Conversation.objects.get().pk)

    assert LeadConsent.objects.get().is_given is False
    assert Lead.objects.get().opted_out_at
    (confirmation,) = Message.objects.exclude(author="person")
    assert "VOLTAR" in confirmation.text
    assert not Message.objects.filter(author="agent").exists()


def test_what_is_not_that_word_any_more_stops_no_second_time(gateway, settled):
    record = gateway.says(ANA, "PARAR", at=AT)
    settled()
    gateway.tell("messages.edited", edit(record, "Parar!", AT + 1))
    gateway.tell("messages.edited", edit(record, "Parar de quê?", AT + 2))

    assert settled() == []
    assert Message.objects.filter(author="system").count() == 1


WAYS = ["carried", "wrapped", "alone", "alone as theirs"]


def tell_edit(gateway, sender, record, way):
    """An edit by whoever sends it: told in the message that carries it, or by its own words."""
    if way == "carried":
        gateway.sends(sender, edit_message(record, "Dou dinheiro", AT + 5))
    elif way == "wrapped":
        inside = {"message": edit_message(record, "Dou dinheiro", AT + 5)}
        gateway.sends(sender, {"editedMessage": inside})
    else:
        key = {"remoteJid": f"{sender[1:]}@s.whatsapp.net", "id": record["key"]["id"]}
        key["fromMe"] = way == "alone as theirs"
        told = {**edit(record, "Dou dinheiro", AT + 5), "key": key}
        gateway.tell("messages.edited", told)


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_person_rewrites_nothing_that_staff_said(gateway, settled, way, is_early):
    gateway.loses = True
    record = gateway.writes_by_hand(ANA, "Oi, aqui é a Rosa")
    tell_edit(gateway, ANA, record, way)
    gateway.loses = False
    gateway.undelivered = gateway.undelivered[:: -1 if is_early else 1]

    for instance, payload in gateway.undelivered:
        gateway.call(instance, payload)
        assert settled() == []

    assert said() == [("staff", "text", "Oi, aqui é a Rosa")]


@pytest.mark.parametrize("is_early", [True, False])
@pytest.mark.parametrize("way", WAYS[:3])
def test_nobody_changes_what_another_one_said(gateway, settled, way, is_early):
    gateway.loses = True
    record = gateway.says(ANA, "Quero ajudar")
    tell_edit(gateway, RUI, record, way)
    gateway.sends(RUI, taking_back(record))
    gateway.sends(RUI, reaction(record, "👎", AT))
    gateway.loses = False
    gateway.undelivered = gateway.undelivered[:: -1 if is_early else 1]

    for instance, payload in gateway.undelivered:
        gateway.call(instance, payload)
        assert settled() == []

    assert final() == ("Quero ajudar", "", None)


def test_staff_rewrite_on_the_phone_what_they_said_and_nothing_else(gateway, settled):
    ours, theirs = gateway.writes_by_hand(ANA, "Oi, aqui é a Roza"), gateway.says(ANA, "Oi")
    for record, text in ((ours, "Oi, aqui é a Rosa"), (theirs, "Ei")):
        by_us = gateway.record(ANA, edit_message(record, text, AT + 1), from_us=True)
        gateway.tell("messages.upsert", by_us)

    assert settled() == []
    assert sorted(text for *_, text in said()) == ["Oi", "Oi, aqui é a Rosa"]


@pytest.mark.parametrize(
    "senders",
    [((ANA, LID), (LID, "")), ((LID, ""), (LID, ANA)), ((LID, ANA), (ANA, ""))],
)
def test_a_person_is_the_same_under_a_hidden_number(gateway, settled, senders):
    (first, first_alt), (then, then_alt) = (
        (one, alt and (alt if "@" in alt else f"{alt[1:]}@s.whatsapp.net")) for one, alt in senders
    )
    record = gateway.says(first, "Sabdo", alt=first_alt, at=AT)
    gateway.sends(then, edit_message(record, "Sábado", AT + 1), alt=then_alt)

    assert settled() == []
    assert Message.objects.get().text == "Sábado"


def test_reaction_to_what_staff_wrote_may_come_before_it(gateway, settled):
    gateway.loses = True
    record = gateway.writes_by_hand(ANA, "Oi, aqui é a Rosa")
    gateway.sends(ANA, reaction(record, "👍", AT))
    gateway.loses = False
    gateway.undelivered.reverse()

    gateway.deliver()

    assert settled() == []
    assert Message.objects.get().reaction == "👍"


def test_what_an_erased_person_changed_is_not_taken_in_again(gateway, settled, number):
    a_minute_ago = int(time.time()) - 60
    record = gateway.says(ANA, "Oi", at=a_minute_ago)
    gateway.sends(ANA, reaction(record, "👍", a_minute_ago), at=a_minute_ago)
    settled()
    erasing.erase(LeadIdentity.objects.get().lead)
    known = WebhookEvent.objects.count()

    reconciling.reconcile(number.pk)
    assert settled() == []

    assert WebhookEvent.objects.count() == known
    assert not Conversation.objects.exists()
