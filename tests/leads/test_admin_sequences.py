"""Staff edit sequences, try them dry, switch them; and say who is on duty."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.urls import reverse

from leads import emails, tasks
from leads.management import demo_follow_ups
from leads.models import DutyShift, Enrolment, FollowUp, Lead, Sequence
from leads.services import duty, forecast, sequences
from tests.factories import UserFactory
from tests.leads.conftest import talk_with

NOON = datetime(2026, 11, 26, 15, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def sequence(db):
    sequence = Sequence.objects.create(name="Boas-vindas", trigger="created")
    for position, minutes in ((1, 60), (2, 12 * 60)):
        sequence.steps.create(
            position=position,
            delay_minutes=minutes,
            channel="email",
            subject=f"Passo {position}",
            text_pt_br="Oi {name}!",
        )
    return sequence


def page(name, sequence):
    return reverse(f"admin:leads_sequence_{name}", args=[sequence.pk])


# --- Dry runs -----------------------------------------------------------------------------


def told(lines):
    return [(line.lead.name, line.step.position, line.due_at, line.reason) for line in lines]


def test_a_sequence_is_tried_before_it_is_switched_on(sequence, make_lead, clock):
    clock.shift(timedelta(minutes=-30))
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia")
    make_lead(name="Caio", created_at=NOON - timedelta(days=8), email="caio@example.org")
    clock.move_to(NOON)

    lines = forecast.of(sequence)

    half_past, morning = NOON + timedelta(minutes=30), NOON + timedelta(hours=21)
    assert told(lines) == [
        ("Iara", 1, half_past, ""),
        ("Iara", 2, morning, ""),
        ("Bia", 1, half_past, "no_address"),
        ("Bia", 2, morning, "no_address"),
    ]
    assert lines[0].letter.text == "Oi Iara!"
    assert not Enrolment.objects.exists()
    assert not FollowUp.objects.exists()


def test_an_active_one_shows_what_is_planned_and_looks_no_further_back(sequence, make_lead, clock):
    make_lead(name="Antes", email="a@example.org")
    clock.shift(timedelta(minutes=1))
    sequences.activate(sequence)
    sequence.refresh_from_db()
    make_lead(name="Iara", email="b@example.org")
    clock.shift(timedelta(minutes=6))
    sequences.enrol()
    make_lead(name="Bia", email="c@example.org")

    lines = forecast.of(sequence)

    assert [(line.lead.name, line.step.position) for line in lines] == [
        ("Iara", 1),
        ("Iara", 2),
        ("Bia", 1),
        ("Bia", 2),
    ]


def test_what_a_dry_run_says_happens(sequence, make_lead, clock, mailoutbox):
    sequences.activate(sequence)
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia", email="bia@example.org", opted_out_at=NOON)
    make_lead(name="Caio", email="caio@example.org", agreed=False)
    expected = {(line.lead.name, line.step.position): line for line in forecast.of(sequence)}

    for _ in range(24 * 4):
        clock.shift(timedelta(minutes=15))
        tasks.follow_ups.begin_follow_ups()

    rows = FollowUp.objects.select_related("lead", "step")
    assert {(row.lead.name, row.step.position) for row in rows} == expected.keys()
    for row in rows:
        line = expected[row.lead.name, row.step.position]
        assert row.reason == line.reason
        assert row.sent_at is None or row.sent_at == line.due_at
    assert len(mailoutbox) == 2


def test_the_page_shows_it(admin_client, sequence, make_lead):
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia")

    text = admin_client.get(page("dry_run", sequence)).text

    assert "Oi Iara!" in text
    assert "Passo 2" in text
    assert "sem endereço comprovado" in text


def test_the_command_lists_it_without_names(sequence, make_lead):
    lead = make_lead(name="Iara", email="iara@example.org")
    output = StringIO()

    call_command("list_follow_ups", sequence="Boas-vindas", days=1, stdout=output)

    assert f"2026-11-26 13:00  lead {lead.pk}  step 1 by email  Passo 1" in output.getvalue()
    assert "Iara" not in output.getvalue()
    assert not FollowUp.objects.exists()
    with pytest.raises(CommandError):
        call_command("list_follow_ups", sequence="Outra", stdout=output)


# --- Switching and editing ----------------------------------------------------------------


def test_staff_switch_it_on_and_off(admin_client, sequence, make_lead):
    asked = admin_client.get(page("change", sequence)).text
    admin_client.post(page("activate", sequence), {"confirmed": "yes"})
    sequence.refresh_from_db()
    assert (sequence.is_active, sequence.active_since) == (True, NOON)

    on = admin_client.get(page("change", sequence)).text
    admin_client.post(page("deactivate", sequence), {"confirmed": "yes"})

    sequence.refresh_from_db()
    assert not sequence.is_active
    assert page("activate", sequence) in asked
    assert page("deactivate", sequence) not in asked
    assert page("activate", sequence) not in on


def form_of(sequence, **fields):
    steps = list(sequence.steps.order_by("position"))
    form = {
        "name": sequence.name,
        "trigger": sequence.trigger,
        "steps-TOTAL_FORMS": len(steps),
        "steps-INITIAL_FORMS": len(steps),
    }
    for number, step in enumerate(steps):
        names = ("position", "delay_minutes", "channel", "subject", "subject_en", "text_pt_br")
        form |= {f"steps-{number}-{name}": getattr(step, name) for name in (*names, "text_en")}
        form |= {f"steps-{number}-id": step.pk, f"steps-{number}-sequence": sequence.pk}
    return form | fields


def test_staff_edit_the_words(admin_client, sequence):
    form = form_of(sequence, **{"steps-0-text_pt_br": "Olá {name}, {city}"})

    admin_client.post(page("change", sequence), form)

    assert sequence.steps.get(position=1).text_pt_br == "Olá {name}, {city}"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("text_pt_br", "Olá {phone}", "Não existe a variável {phone}."),
        ("text_en", "{event}", "{event} só existe se"),
        ("subject", "", "Um e-mail precisa de assunto."),
    ],
)
def test_words_that_cannot_be_sent_are_refused(admin_client, sequence, field, value, says):
    form = form_of(sequence, **{f"steps-0-{field}": value})

    response = admin_client.post(page("change", sequence), form)

    assert says in response.text
    assert sequence.steps.get(position=1).text_pt_br == "Oi {name}!"


def test_the_trigger_of_an_active_one_stays(admin_client, sequence):
    """What happened before under another trigger would be taken up."""
    sequences.activate(sequence)

    admin_client.post(page("change", sequence), form_of(sequence, trigger="silent"))

    sequence.refresh_from_db()
    assert (sequence.trigger, sequence.is_active) == ("created", True)


def test_what_wrote_to_somebody_cannot_be_deleted(admin_client, sequence, make_lead):
    Enrolment.objects.create(sequence=sequence, lead=make_lead(), triggered_at=NOON)

    assert admin_client.post(page("delete", sequence), {"post": "yes"}).status_code == 403
    assert Sequence.objects.filter(pk=sequence.pk).exists()


def test_who_only_looks_switches_nothing(client, sequence):
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="view_sequence"))
    client.force_login(staff)

    responses = [
        client.post(page("activate", sequence), {"confirmed": "yes"}),
        client.post(page("deactivate", sequence), {"confirmed": "yes"}),
    ]

    assert [response.status_code for response in responses] == [403, 403]
    assert client.get(page("dry_run", sequence)).status_code == 200
    sequence.refresh_from_db()
    assert not sequence.is_active


# --- Duty ---------------------------------------------------------------------------------


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


def test_the_demo_shows_them_and_sends_nothing(make_lead, sequence, mailoutbox):
    sequence.name = demo_follow_ups.NAME
    Sequence.objects.exclude(pk=sequence.pk).delete()
    sequence.save()
    staff = UserFactory(is_staff=True)

    demo_follow_ups.add([make_lead(email="a@example.org"), make_lead()], staff)

    statuses = FollowUp.objects.order_by("pk").values_list("status", "reason")
    assert list(statuses) == [("sent", ""), ("planned", ""), ("sent", ""), ("skipped", "replied")]
    assert duty.on_duty() == [staff]
    assert not mailoutbox


def test_the_demo_needs_no_starter(db):
    Sequence.objects.all().delete()

    demo_follow_ups.add([], UserFactory(is_staff=True))

    assert not FollowUp.objects.exists()
