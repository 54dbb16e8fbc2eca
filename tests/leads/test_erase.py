"""The end of a lead, and of what an account's erasure leaves of one."""

import json
from datetime import timedelta
from io import BytesIO
from threading import Event as ThreadEvent
from zipfile import ZipFile

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Permission
from django.utils import timezone

from config.encryption import keyed_hash
from config.models import IdempotentAnswer
from leads import exports as copies
from leads.models import (
    Conversation,
    DutyShift,
    FollowUp,
    Lead,
    LeadNote,
    Message,
    OpenQuestion,
    WebhookEvent,
    WhatsAppInstance,
)
from leads.services import editing, erasing, inbound, merging, outbox, reconciling, stages, webhooks
from tests.factories import UserFactory
from tests.leads.agreed import planned
from tests.leads.conftest import form, from_whatsapp, whole_database
from tests.leads.sending import ANA, queue
from tests.leads.test_merging import chat
from tests.together import let_someone_wait, run_together
from users import exports
from users import services as users

URL = "/api/v1/leads/"
WRITTEN = ("conversations", "follow_ups", "lead_merges", "open_questions")
pytestmark = pytest.mark.django_db


def told_by_the_gateway(jid):
    instance, _ = WhatsAppInstance.objects.get_or_create(name="mutirao", path_key="x")
    return WebhookEvent.objects.create(
        instance=instance,
        external_id=jid,
        event="messages.upsert",
        contact=keyed_hash("jid", jid),
        payload="Iracema",
    )


@pytest.fixture
def iracema(caretaker):
    """Two leads that were merged, of whom everything is known."""
    lead = form(email="iracema@example.org", name="Iracema", message="Iracema aqui")
    other = from_whatsapp("558187654321@s.whatsapp.net", name="Iracema T.")
    chat(other, "Sou Iracema")
    OpenQuestion.objects.create(conversation=other.conversations.get(), text="Sou Iracema?")
    editing.add_note(lead, "Iracema ligou", by=caretaker)
    stages.move(lead, "lost", by=caretaker, reason="Iracema mudou")
    for jid in ("558187654321@s.whatsapp.net", "5581987654321@s.whatsapp.net"):
        told_by_the_gateway(jid)
    merging.merge(lead, other, by=caretaker, reason="Iracema disse")
    LogEntry.objects.log_actions(
        caretaker.pk, Lead.objects.filter(pk=lead.pk), CHANGE, "Iracema", single_object=True
    )
    lead.refresh_from_db()
    return lead


def test_nothing_is_left_of_an_erased_lead(care, iracema):
    stranger = told_by_the_gateway("5511911112222@s.whatsapp.net")
    chat(from_whatsapp("+5511911112222"), "Outra")
    noted = care.post(
        f"{URL}{iracema.pk}/notes/",
        {"text": "Iracema ligou de novo"},
        headers={"Idempotency-Key": "iracema"},
    )
    assert noted.status_code == 201

    response = care.delete(f"{URL}{iracema.pk}/")

    assert response.status_code == 204
    assert [row for row in whole_database() if "Iracema" in row] == []
    assert Lead.objects.count() == Conversation.objects.count() == Message.objects.count() == 1
    assert list(WebhookEvent.objects.exclude(contact="")) == [stranger]
    assert {mark.payload for mark in WebhookEvent.objects.filter(contact="")} == {"{}"}
    assert list(WebhookEvent.objects.waiting()) == [stranger]
    assert not LeadNote.objects.exists()
    # Whose texts are sealed, and so not in the rows above.
    assert not OpenQuestion.objects.exists()
    assert not IdempotentAnswer.objects.exists()


def test_answers_of_others_and_what_is_being_answered_stay(care, caretaker, iracema):
    volunteer = f"user:{UserFactory().pk}"
    for key, owner, status in (
        ("1", volunteer, 201),
        ("2", "address:x", 202),
        ("3", f"user:{caretaker.pk}", None),
        ("4", f"user:{caretaker.pk}", 200),
    ):
        IdempotentAnswer.objects.create(owner=owner, key=key, fingerprint=key, status=status)

    care.delete(f"{URL}{iracema.pk}/")

    assert set(IdempotentAnswer.objects.values_list("key", flat=True)) == {"1", "2", "3"}


def test_erasing_what_was_merged_erases_the_whole_person(iracema):
    erasing.erase(Lead.objects.get(merged_into=iracema))

    assert not Lead.objects.exists()


def test_erasing_an_account_erases_the_lead(iracema):
    user = UserFactory()
    Lead.objects.filter(pk=iracema.pk).update(user=user)

    users.erase(user)

    assert not Lead.objects.exists()
    assert not Message.objects.exists()


def test_erasing_an_account_erases_the_lead_that_proved_its_address():
    user = UserFactory(email="iracema@example.org", email_confirmed_at="2027-01-01T00:00:00Z")
    lead = form(email="iracema@example.org")
    typed = form(email="rosa@example.org")
    lead.identities.update(proof="email", proven_at="2027-01-01T00:00:00Z")

    users.erase(user)

    assert list(Lead.objects.all()) == [typed]


def test_erasing_staff_leaves_the_leads_to_nobody(caretaker, iracema):
    editing.assign(iracema, caretaker)
    Conversation.objects.update(assigned_to=caretaker)
    DutyShift.objects.create(staff=caretaker)

    users.erase(caretaker)

    iracema.refresh_from_db()
    assert iracema.assigned_to is None
    assert Conversation.objects.get().assigned_to is None
    assert not DutyShift.objects.exists()
    assert iracema.notes.get().text == "Iracema ligou"


def test_a_copy_of_ones_data_holds_the_lead(iracema):
    user, file = UserFactory(), BytesIO()
    Lead.objects.filter(pk=iracema.pk).update(user=user)
    form(email="rosa@example.org", name="Rosa")

    exports.write(user, file)

    with ZipFile(file) as archive:
        copy = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    assert [row["name"] for row in copy["lead.json"]] == ["Iracema", "Iracema T."]
    assert {row["value"] for row in copy["lead_identities.json"]} == {
        *("iracema@example.org", "+5581987654321")
    }
    assert copy["lead_forms.json"][0]["fields"]["message"] == "Iracema aqui"
    assert [row["text"] for row in copy["messages.json"]] == ["Sou Iracema"]
    assert copy["lead_consents.json"][0]["proof"]["address"] == "192.0.2.7"
    assert "Rosa" not in json.dumps(copy)
    assert "lead_notes.json" not in copy  # staff's own


def test_staff_who_may_export_give_a_lead_their_data(care, caretaker, iracema):
    page = f"{URL}{iracema.pk}/export/"
    assert care.get(page).status_code == 403
    caretaker.user_permissions.add(Permission.objects.get(codename="add_export"))
    caretaker.__dict__.pop("_perm_cache", None)
    caretaker.__dict__.pop("_user_perm_cache", None)

    copy = care.get(page).json()

    assert [one["text"] for one in copy["parts"]["messages"]] == ["Sou Iracema"]
    assert copy["parts"]["lead_notes"][0]["text"] == "Iracema ligou"


def test_a_copy_holds_what_was_written_asked_joined_and_summed_up(iracema, sequence):
    user, file = UserFactory(), BytesIO()
    Lead.objects.filter(pk=iracema.pk).update(user=user)
    planned(sequence, iracema)
    left_behind = planned(sequence, Lead.objects.get(merged_into=iracema), status="skipped")
    FollowUp.objects.filter(pk=left_behind.pk).update(reason="replied")
    planned(sequence, form(email="rosa@example.org"))
    Conversation.objects.update(summary="Quer plantar", handoff_summary="Espera um retorno")
    iracema.refresh_from_db()

    exports.write(user, file)

    with ZipFile(file) as archive:
        copy = {name: json.loads(archive.read(name)) for name in archive.namelist()}
    [met] = copy["conversations.json"]
    assert (met["summary"], met["handoff_summary"]) == ("Quer plantar", "Espera um retorno")
    assert [row["text"] for row in copy["open_questions.json"]] == ["Sou Iracema?"]
    [joined] = copy["lead_merges.json"]
    assert joined["gone_id"] == Lead.objects.get(merged_into=iracema).pk
    written = copy["follow_ups.json"]
    assert [(row["status"], row["reason"]) for row in written] == [
        *(("planned", ""), ("skipped", "replied"))
    ]
    assert {row["step__text_pt_br"] for row in written} == {"Oi {name}!"}
    parts = copies.everything(iracema)
    assert all(len(parts[name]) == len(copy[f"{name}.json"]) for name in WRITTEN)


@pytest.mark.django_db(transaction=True)
def test_erasing_while_their_message_is_processed(gateway, number, monkeypatch):
    gateway.says("+5581987654321", "Oi")
    [event] = WebhookEvent.objects.all()
    lead, is_begun, real = from_whatsapp("+5581987654321"), ThreadEvent(), inbound.apply

    def apply(told):
        is_begun.set()
        let_someone_wait()  # the erasure, for the event
        real(told)

    monkeypatch.setattr(inbound, "apply", apply)

    def erase():
        is_begun.wait(10)
        erasing.erase(lead)

    run_together(lambda: webhooks.process(event.contact), erase)

    event.refresh_from_db()
    assert (event.payload, event.error, event.contact) == ("{}", "", "")
    assert not Lead.objects.exists()


def test_what_is_told_while_the_erasure_waits_goes_too(gateway, settled, number, monkeypatch):
    gateway.says("+5581987654321", "Oi")
    settled()
    real, calls = erasing._lock_events, []

    def lock_events(family, **more):
        found = real(family, **more)
        if not calls:
            gateway.says("+5581987654321", "Iracema de novo")
        calls.append(family)
        return found

    monkeypatch.setattr(erasing, "_lock_events", lock_events)

    erasing.erase(Lead.objects.get())

    assert {event.payload for event in WebhookEvent.objects.all()} == {"{}"}
    assert not settled()


@pytest.fixture
def erased_in_flight(gateway, number, settled, settings, monkeypatch):
    """Sends a message to a person who is erased meanwhile; gives the gateway's record of it."""
    settings.WHATSAPP_PACE = timedelta(0)
    gateway.says(ANA, "Oi")
    settled()
    conversation, real = Conversation.objects.get(), outbox.gateway.send_text

    def go(*, then=lambda record: None):
        def send_text(*what):
            erasing.erase(conversation.lead)
            answer = real(*what)
            then(gateway.messages[-1])
            return answer

        monkeypatch.setattr(outbox.gateway, "send_text", send_text)
        queue(conversation, "Olá,  Iracema!")
        outbox.deliver(number.pk)
        return gateway.messages[-1]

    return go


@pytest.mark.usefixtures("_nobody_answers")
@pytest.mark.parametrize("is_early", [False, True])
def test_echo_of_what_was_on_its_way_brings_nobody_back(
    gateway, settled, erased_in_flight, is_early
):
    def echo(record):
        gateway.tell("messages.upsert", record)
        assert not settled()

    if is_early:  # it may come before the gateway answers, which it may also never do
        erased_in_flight(then=echo)
    else:
        echo(erased_in_flight())

    assert len(gateway.sent) == 1
    assert not Lead.objects.exists()
    assert {event.payload for event in WebhookEvent.objects.all()} == {"{}"}
    assert not WebhookEvent.objects.exclude(contact="").exists()


@pytest.mark.usefixtures("_nobody_answers")
def test_what_was_on_its_way_to_the_erased_is_not_taken_in_by_comparing(
    gateway, number, settled, erased_in_flight
):
    erased_in_flight()["messageTimestamp"] -= 60

    reconciling.reconcile(number.pk)

    assert not settled()
    assert not Lead.objects.exists()


@pytest.mark.usefixtures("_nobody_answers")
def test_same_words_by_hand_later_are_another_message(gateway, settled, erased_in_flight):
    erased_in_flight()
    WebhookEvent.objects.update(received_at=timezone.now() - timedelta(minutes=7))

    gateway.writes_by_hand(ANA, "Olá, Iracema!")

    assert not settled()
    assert Message.objects.get().text == "Olá, Iracema!"


@pytest.mark.usefixtures("_nobody_answers")
@pytest.mark.django_db(transaction=True)
def test_echo_that_comes_during_the_erasure(gateway, number, settled, monkeypatch):
    gateway.says(ANA, "Oi")
    settled()
    conversation, is_marked = Conversation.objects.get(), ThreadEvent()
    WhatsAppInstance.objects.update(paused_at=timezone.now())  # so that it is still on its way
    queue(conversation, "Olá!")
    real = erasing._forget_answers

    def forget_answers():
        is_marked.set()
        let_someone_wait()  # the echo, for the lead
        real()

    monkeypatch.setattr(erasing, "_forget_answers", forget_answers)

    def echo():
        is_marked.wait(10)
        gateway.writes_by_hand(ANA, "Olá!")
        webhooks.process(conversation.key)

    run_together(lambda: erasing.erase(conversation.lead), echo)

    assert not settled()
    assert not Lead.objects.exists()
