"""What the gateway tells becomes what is said with people."""

import time
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import transaction

from config.encryption import keyed_hash
from leads import tasks
from leads.evolution import jids, messages
from leads.models import Conversation, LeadIdentity, Message, WebhookEvent
from leads.services import erasing, identities, inbound, outbox
from tests.leads.conftest import from_whatsapp
from tests.leads.gateway import edit
from tests.together import run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_nobody_answers")]
ANA = "+55 11 98765-4321"
LID = "123456789012345@lid"
PHONE = "5511987654321@s.whatsapp.net"


@pytest.fixture(autouse=True)
def _one_number(gateway, number):
    return number


def said():
    return list(Message.objects.in_order().values_list("author", "kind", "text"))


def test_message_is_linked_and_visible(gateway, settled):
    gateway.says(ANA, "Quero ajudar", at=1_790_000_000)

    assert settled() == []
    message = Message.objects.get()
    assert (message.author, message.text) == ("person", "Quero ajudar")
    assert message.sent_at == datetime.fromtimestamp(1_790_000_000, UTC)
    conversation = message.conversation
    assert (conversation.channel, conversation.address) == ("whatsapp", PHONE)
    assert conversation.key == keyed_hash("jid", PHONE)
    identity = conversation.lead.identities.get()
    assert (identity.kind, identity.proof) == ("phone", "whatsapp")


@pytest.mark.parametrize("sign", ["a", "é", "👋", "👍🏽"])
def test_the_longest_text_of_whatsapp_is_kept_whole(gateway, settled, sign):
    longest = sign * (65_536 // len(sign))
    edited = gateway.says(ANA, "Oi")
    gateway.tell("messages.edited", edit(edited, longest, 1_790_000_000))
    gateway.says(ANA, longest)

    assert settled() == []
    assert [text for *_, text in said()] == [longest, longest]


def test_repetitions_are_one_message(gateway, settled):
    gateway.loses = True
    gateway.says(ANA, "Oi")
    gateway.says(ANA, "Tudo bem?")
    gateway.loses = False

    assert set(gateway.deliver(repeat=3, shuffled=True)) == {200}

    settled()
    assert Message.objects.count() == 2


def test_order_is_that_of_the_gateway_whatever_came_first(gateway, settled):
    now = int(time.time()) - 10
    gateway.loses = True
    for number in range(8):
        gateway.says(ANA, f"{number}", at=now + number)
    gateway.loses = False

    gateway.deliver(shuffled=True)
    settled()

    assert [text for _author, _kind, text in said()] == [f"{number}" for number in range(8)]


@pytest.mark.parametrize("old", ["551187654321", "5511987654321"])
def test_ninth_digit_makes_no_second_person(gateway, settled, old):
    gateway.says(PHONE, "Oi")
    gateway.says(f"{old}:12@s.whatsapp.net", "De novo")

    settled()

    assert Conversation.objects.count() == 1
    assert LeadIdentity.objects.count() == 1


def test_hidden_phone_that_comes_along_is_preferred(gateway, settled):
    gateway.says(LID, "Oi", alt=PHONE)

    settled()

    conversation = Conversation.objects.get()
    assert conversation.address == PHONE
    kinds = conversation.lead.identities.values_list("kind", flat=True)
    assert set(kinds) == {"phone", "lid"}


def test_hidden_phone_alone_keeps_its_suffix(gateway, settled):
    gateway.says(LID, "Oi")

    settled()

    assert Conversation.objects.get().address == LID


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.django_db(transaction=True)
def test_two_first_messages_at_once_of_a_known_person_are_one_chat(gateway, monkeypatch, turn):
    monkeypatch.setattr(tasks.whatsapp.process_webhooks, "delay_on_commit_by", lambda *_: None)
    from_whatsapp(PHONE, "Ana")
    gateway.says(ANA, "Oi")
    gateway.says(ANA, "Tudo bem?")

    run_together(*[partial(apply, event) for event in WebhookEvent.objects.all()])

    assert Conversation.objects.count() == 1
    assert sorted(text for *_, text in said()) == ["Oi", "Tudo bem?"]


@transaction.atomic
def apply(event):
    inbound.apply(event)


@pytest.mark.parametrize(
    "order", [["lid", "both", "phone"], ["both", "lid"], ["lid", "both", "lid"]]
)
def test_phone_that_shows_later_is_the_same_chat(gateway, settled, order):
    forms = {"lid": (LID, ""), "both": (LID, PHONE), "phone": (PHONE, "")}
    for form in order:
        sender, alt = forms[form]
        gateway.says(sender, form, alt=alt)
        settled()

    conversation = Conversation.objects.get()
    assert conversation.address == PHONE
    assert [text for *_, text in said()] == order


def test_two_leads_of_one_person_are_shown_to_staff(gateway, settled):
    for sender, alt in [(LID, ""), (PHONE, ""), (LID, PHONE)]:
        gateway.says(sender, "Oi", alt=alt)
        settled()

    claims = [
        claim.kind
        for identity in LeadIdentity.objects.filter(kind="phone")
        for claim in identity.lead.claims.all()
    ]
    assert claims == ["lid"]


@pytest.mark.parametrize(
    "jid", ["120363000000000000@g.us", "status@broadcast", "120363@newsletter", "x@s.whatsapp.net"]
)
def test_groups_and_lists_are_left_out(gateway, settled, jid):
    gateway.says(jid, "Bom dia, grupo")

    assert settled() == []
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ({"extendedTextMessage": {"text": "Veja"}}, "text", "Veja"),
        ({"ephemeralMessage": {"message": {"conversation": "Some"}}}, "text", "Some"),
        ({"viewOnceMessageV2": {"message": {"imageMessage": {}}}}, "image", ""),
        ({"imageMessage": {"caption": "Minha rua"}}, "image", "Minha rua"),
        ({"videoMessage": {}}, "video", ""),
        ({"documentMessage": {"fileName": "rg.pdf"}}, "document", "rg.pdf"),
        ({"stickerMessage": {}}, "other", ""),
        ({"locationMessage": {"degreesLatitude": -8.05}}, "other", ""),
        ({"listResponseMessage": {"title": "Sim"}}, "text", "Sim"),
        ({"conversation": ""}, "other", ""),
        ({"messageOfTheFuture": []}, "other", ""),
    ],
)
def test_kinds_of_messages(gateway, settled, message, kind, text):
    gateway.sends(ANA, message)

    settled()

    assert said()[0] == ("person", kind, text)


@pytest.mark.parametrize("message", [{}, {"protocolMessage": {"type": "REVOKE"}}, None, "x"])
def test_messages_without_anything_to_read_do_nothing(gateway, settled, message):
    record = gateway.record(ANA, {"conversation": ""})
    gateway.tell("messages.upsert", {**record, "message": message})

    assert settled() == []
    assert not Message.objects.exists()


def test_image_goes_to_a_person_who_is_told(gateway, settled):
    gateway.sends(ANA, {"imageMessage": {}})

    settled()

    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.handoff_reason) == ("waiting", "media")
    assert [author for author, *_ in said()] == ["person", "system"]


def test_first_message_without_words_is_told_who_answers_and_the_second_is_not(
    gateway, settled, settings
):
    gateway.sends(ANA, {"imageMessage": {}})
    settled()
    Conversation.objects.update(state="agent")
    gateway.sends(ANA, {"imageMessage": {}})
    settled()

    first, second = Message.objects.filter(author="system").order_by("pk")
    assert "assistente automática" in first.text
    assert settings.PRIVACY_URL in first.text
    assert settings.PRIVACY_URL not in second.text
    assert first.text.endswith(second.text)
    assert Conversation.objects.get().introduced_at


def test_reaction_is_noted(gateway, settled):
    record = gateway.says(ANA, "Oi")
    reaction = {"reactionMessage": {"key": record["key"], "text": "👍🏽"}}
    gateway.sends(ANA, reaction)

    settled()

    assert Message.objects.get().reaction == "👍🏽"


def test_what_staff_write_on_the_phone_pauses_the_agent(gateway, settled):
    gateway.says(ANA, "Oi")
    gateway.writes_by_hand(ANA, "Oi, aqui é a Rosa")

    settled()

    assert Conversation.objects.get().state == "staff"
    assert [author for author, *_ in said()] == ["person", "staff"]


def test_first_message_may_be_of_staff(gateway, settled):
    gateway.writes_by_hand(ANA, "Oi, aqui é a Rosa")
    gateway.says(ANA, "Oi, Rosa")

    settled()

    assert Conversation.objects.count() == 1
    assert Conversation.objects.get().lead.identities.get().value


def test_our_own_message_that_comes_back_is_known(gateway, settled, number):
    gateway.says(ANA, "Oi")
    settled()
    conversation = Conversation.objects.get()
    outbox.queue(conversation, author="agent", text="Olá!  Tudo bem?")
    outbox.deliver(number.pk)

    gateway._tell_of(gateway.messages[-1], "mutirao")
    settled()

    assert Message.objects.count() == 2
    conversation.refresh_from_db()
    assert conversation.state == "agent"


def test_connection_that_closes_pauses_the_number(gateway, settled, number):
    gateway.connection("close")
    settled()
    number.refresh_from_db()
    assert (number.state, number.pause_reason) == ("close", "disconnected")

    gateway.connection("open")
    settled()
    number.refresh_from_db()
    assert (number.state, number.paused_at) == ("open", None)


@pytest.mark.parametrize("state", ["melted", None, 7, ["open"]])
def test_states_that_are_none_change_nothing(gateway, settled, number, state):
    gateway.tell("connection.update", {"state": state})
    gateway.tell("connection.update", state)

    assert settled() == []
    number.refresh_from_db()
    assert number.state == "open"


@pytest.mark.parametrize(
    "data", [None, 7, [], [None, 7], {"key": 7}, {"keyId": 7, "status": "READ"}, {"status": []}]
)
def test_nonsense_that_was_signed_is_processed_to_nothing(gateway, settled, number, data):
    for event in ("update", "edited", "delete"):
        gateway.tell(f"messages.{event}", data)
    for event in ("send.message", "groups.upsert"):
        gateway.tell(event, data)

    assert settled() == []


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        (1_790_000_000, 1_790_000_000),
        ("1790000000", 1_790_000_000),
        ({"low": 1_790_000_000, "high": 0, "unsigned": True}, 1_790_000_000),
        (-5, None),
        (2**80, None),
        ("soon", None),
        (None, None),
        (True, None),
    ],
)
def test_time_is_the_gateways_where_it_can_be(told, seconds):
    moment = messages.moment(told).timestamp()

    assert moment == pytest.approx(time.time() if seconds is None else seconds, abs=5)


@pytest.mark.parametrize(
    ("digits", "normal"),
    [
        ("551187654321", "5511987654321"),
        ("5511987654321", "5511987654321"),
        ("551133334444", "551133334444"),  # a landline
        ("351912345678", "351912345678"),
        ("551087654321", "551087654321"),  # no area has a nought
    ],
)
def test_ninth_digit(digits, normal):
    assert jids.with_ninth(digits) == normal
    assert f"{digits}@s.whatsapp.net" in jids.of_phone(normal)
    assert {jids.with_ninth(jids.plain(jid)[:-15]) for jid in jids.of_phone(normal)} == {normal}


@pytest.mark.parametrize("device", ["", ":12", "_1", ".0:3"])
def test_addresses_are_read_alike_wherever_they_come_from(device):
    phone, lid = f"551187654321{device}@s.whatsapp.net", f"123456789{device}@lid"

    found = jids.contact({"remoteJid": phone, "remoteJidAlt": lid})

    assert identities.normalize("phone", phone) == f"+{found.phone}" == "+5511987654321"
    assert identities.normalize("lid", lid) == found.lid == "123456789@lid"


def test_events_of_nobody_wait_in_a_line_of_their_own(gateway):
    gateway.tell("connection.update", {"state": "open"})
    gateway.says(ANA, "Oi")

    assert WebhookEvent.objects.values("contact").distinct().count() == 2


def test_what_was_told_of_a_person_goes_with_them(gateway, settled):
    gateway.says(LID, "Oi")
    gateway.says(LID, "Sou a Ana", alt=PHONE)
    gateway.says("+5581912345678", "Sou outro")
    settled()
    lead = LeadIdentity.objects.filter(kind="lid").get().lead

    erasing.erase(lead)

    assert WebhookEvent.objects.exclude(contact="").count() == 1


@pytest.mark.parametrize("digits", ["999123456789", "5215512345678"])
def test_number_that_no_list_knows_is_a_number_all_the_same(gateway, settled, digits):
    gateway.says(f"+{digits}", "Hola")

    assert not settled()
    assert LeadIdentity.objects.get().value == f"+{digits}"
    assert Message.objects.get().text == "Hola"
