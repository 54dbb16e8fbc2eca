"""Whom a hand-off reaches, and what they are told."""

import pytest
from django.urls import reverse

from leads import emails
from leads.models import DutyShift, Lead
from leads.services import duty
from tests.factories import UserFactory
from tests.leads.agreed import NOON, talk_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def on_duty(person, **fields):
    return DutyShift.objects.create(staff=person, **fields)


def test_who_is_on_duty_is_told():
    first, second = UserFactory(is_staff=True), UserFactory(is_staff=True)
    on_duty(first)
    on_duty(second, is_on=False, is_escalation=True)

    assert (duty.on_duty(), duty.escalations()) == ([first], [second])


def test_somebody_is_told_whoever_is_away():
    superuser = UserFactory(is_staff=True, is_superuser=True)
    boss, gone = UserFactory(is_staff=True), UserFactory(is_staff=True, is_active=False)
    on_duty(gone, is_escalation=True)
    assert (duty.on_duty(), duty.escalations()) == ([superuser], [superuser])

    on_duty(boss, is_on=False, is_escalation=True)

    assert duty.on_duty() == [boss]


def test_only_staff_can_be_on_duty(admin_client):
    person = UserFactory()

    response = admin_client.post(reverse("admin:leads_dutyshift_add"), {"staff": person.pk})

    assert response.status_code == 200
    assert not DutyShift.objects.exists()


@pytest.fixture
def conversation(make_lead):
    conversation = talk_with(
        make_lead(name="Iara\nBcc: x"),
        state="waiting",
        handed_off_at=NOON,
        handoff_reason="pediu uma pessoa",
    )
    conversation.handoff_summary = "Quer <b>doar</b> mudas."
    return conversation


def test_a_hand_off_reaches_staff_in_their_language(conversation, mailoutbox):
    ours, theirs = UserFactory(is_staff=True), UserFactory(is_staff=True, language="en")

    for person in (ours, theirs):
        emails.handoff(conversation, person)

    first, second = mailoutbox
    assert first.subject == "Alguém espera uma resposta: Iara Bcc: x"
    assert second.subject.startswith("Somebody waits")
    assert f"/admin/leads/conversation/{conversation.pk}/change/" in first.body
    assert "Quer <b>doar</b> mudas." in first.body
    assert "&lt;b&gt;doar" in first.alternatives[0][0]


def test_an_escalation_says_since_when(conversation, mailoutbox):
    emails.escalation(conversation, UserFactory(is_staff=True))

    [mail] = mailoutbox
    assert mail.subject.startswith("Ainda sem resposta: Iara")
    assert "26 de Novembro de 2026 às 12:00" in mail.body
    assert "pediu uma pessoa" in mail.body


def test_somebody_without_a_name_is_called_so(make_lead, mailoutbox):
    conversation = talk_with(make_lead(name=""), state="waiting", handed_off_at=NOON)

    emails.handoff(conversation, UserFactory(is_staff=True))

    assert mailoutbox[0].subject == "Alguém espera uma resposta: alguém sem nome"
    assert "Por quê" not in mailoutbox[0].body
    assert Lead.objects.count() == 1
