"""When a follow-up goes out, and what it says."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from leads.models import (
    FollowUp,
    Lead,
    Message,
    WhatsAppInstance,
)
from leads.services import brakes, follow_ups, opting_out
from tests.factories import EventFactory, UserFactory
from tests.leads.agreed import DAY, HOUR, MINUTE, NOON, planned, statuses

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_in_the_night_it_waits_for_the_morning_of_the_lead(make_sequence, make_lead, later):
    make_sequence(9 * 60)  # at nine in the evening
    make_lead(email="iara@example.org")
    make_lead(email="bia@example.org", time_zone="America/Rio_Branco")  # seven there

    later(9 * HOUR)
    assert sorted(statuses()) == [("planned", ""), ("sent", "")]
    assert FollowUp.objects.get(status="planned").due_at == NOON + 21 * HOUR
    later(11 * HOUR + 59 * MINUTE)
    assert sorted(statuses()) == [("planned", ""), ("sent", "")]
    later(MINUTE)

    assert statuses() == [("sent", "")] * 2


def test_who_moved_meanwhile_is_not_woken(make_sequence, make_lead, later):
    """What was planned by other clocks is looked at once more."""
    make_sequence(8 * 60 - 30)  # half past seven in the evening
    lead = make_lead(email="iara@example.org")
    later(5 * MINUTE)
    Lead.objects.filter(pk=lead.pk).update(time_zone="America/Noronha")

    later(7 * HOUR + 25 * MINUTE)

    assert statuses() == [("planned", "")]
    assert FollowUp.objects.get().due_at == datetime(2026, 11, 27, 11, tzinfo=UTC)


def test_a_zone_that_does_not_exist_is_that_of_most(make_sequence, make_lead, later):
    make_sequence(9 * 60)
    make_lead(email="iara@example.org", time_zone="America/Atlantis")

    later(9 * HOUR)

    assert FollowUp.objects.get().due_at == NOON + 21 * HOUR


def test_the_fourth_of_a_week_waits_until_the_first_is_a_week_old(
    make_sequence, make_lead, later, mailoutbox
):
    make_sequence(10, 20, 30, 40)
    make_lead(email="iara@example.org")

    for _ in range(5):
        later(10 * MINUTE)
    assert len(mailoutbox) == 3
    assert FollowUp.objects.get(status="planned").due_at == NOON + 10 * MINUTE + 7 * DAY
    later(7 * DAY)

    assert len(mailoutbox) == 4


def test_a_mail_is_in_the_language_of_the_lead_and_says_how_to_stop(
    make_sequence, make_lead, later, mailoutbox
):
    make_sequence(
        10, subject="Oi, {name}", subject_en="Hi, {name}", text_pt_br="Venha", text_en="Come"
    )
    make_lead(email="iara@example.org")
    english = make_lead(email="bia@example.org", name="Bia", language="en")

    later(10 * MINUTE)

    ours, theirs = mailoutbox
    assert (ours.subject, theirs.subject) == ("Oi, Iara", "Hi, Bia")
    assert "Venha" in ours.body
    assert "Come" in theirs.alternatives[0][0]
    link = opting_out.link(english)
    assert theirs.extra_headers["List-Unsubscribe"] == f"<{link}>"
    assert theirs.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link in theirs.body
    assert link in theirs.alternatives[0][0]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Iara Lima", "Oi Iara!"),
        ("", "Oi!"),
        ("Jean-Luc d'Ávila", "Oi Jean-Luc!"),
        ("{event_url}", "Oi!"),
        ("www.ganhe.example agora", "Oi!"),
        ("https://ganhe.example", "Oi!"),
        ("<b>Iara</b>", "Oi!"),
        ("مريم", "Oi مريم!"),
        ("a" * 41, "Oi!"),
    ],
)
def test_a_name_is_said_only_if_it_is_one(make_sequence, make_lead, name, said):
    step = make_sequence().steps.get()

    assert follow_ups.compose(step, make_lead(name=name), None).text == said


@pytest.mark.parametrize(
    ("city", "said"),
    [
        ("Recife", "Oi Recife!"),
        ("São  José dos Campos/SP", "Oi São José dos Campos!"),
        ("Santa Bárbara d'Oeste - sp", "Oi Santa Bárbara d'Oeste!"),
        ("Sta. Rita", "Oi Sta. Rita!"),
        ("", "Oi!"),
        ("{event_url}", "Oi!"),
        ("www.ganhe.example agora", "Oi!"),
        ("prêmio em ganhe.example/x", "Oi!"),
        ("ganhe.example/SP", "Oi!"),
        ("https://ganhe.example", "Oi!"),
        ("<b>Recife</b>", "Oi!"),
        ("Ligue 0800", "Oi!"),
        ("a" * 41, "Oi!"),
    ],
)
def test_a_city_is_said_only_if_it_looks_like_one(make_sequence, make_lead, city, said):
    step = make_sequence(text_pt_br="Oi {city}!").steps.get()

    assert follow_ups.compose(step, make_lead(city=city), None).text == said


@pytest.mark.parametrize("text", ["{}", "{phone}", "{event}", "{name.__class__}"])
def test_a_step_with_what_nobody_fills_in_is_refused(make_sequence, text):
    step = make_sequence(active=False).steps.get()
    step.text_pt_br = text

    with pytest.raises(ValidationError):
        step.clean()


def test_by_whatsapp_it_waits_in_the_outbox(make_sequence, make_lead, later):
    make_sequence(10, channel="whatsapp")
    make_lead(whatsapp=True)

    later(10 * MINUTE)

    message = Message.objects.get()
    assert (message.author, message.delivery) == ("system", "queued")
    assert message.text == "Oi Iara!\n\nPara não receber mais estas mensagens, responda PARAR."
    assert FollowUp.objects.get().message == message


def test_a_number_that_is_paused_sends_nothing(make_sequence, make_lead, later):
    make_sequence(10, channel="whatsapp")
    make_lead(whatsapp=True)
    WhatsAppInstance.objects.update(paused_at=NOON)

    later(10 * MINUTE)
    assert statuses() == [("planned", "")]
    WhatsAppInstance.objects.update(paused_at=None)
    later(2 * MINUTE + timedelta(seconds=1))

    assert statuses() == [("sent", "")]


def test_a_number_that_sends_nothing_holds_up_nobody_else(
    make_sequence, make_lead, later, monkeypatch, mailoutbox
):
    monkeypatch.setattr(follow_ups, "SWEEP_SIZE", 2)
    held_up = make_sequence(10, channel="whatsapp")
    for _ in range(6):
        planned(held_up, make_lead(whatsapp=True))
    WhatsAppInstance.objects.update(paused_at=NOON)
    planned(make_sequence(10), make_lead(email="iara@example.org"), due_at=NOON + MINUTE)

    for _ in range(4):
        later()

    assert len(mailoutbox) == 1
    assert statuses().count(("planned", "")) == 6


def test_answers_never_wait_behind_follow_ups(make_sequence, make_lead, later, monkeypatch):
    monkeypatch.setattr(brakes, "BACKLOG", 2)
    make_sequence(10, channel="whatsapp")
    for _ in range(5):
        make_lead(whatsapp=True)

    later(10 * MINUTE)
    assert Message.objects.count() == 2
    Message.objects.update(delivery="sent")
    later(5 * MINUTE)

    assert Message.objects.count() == 4


def test_an_invitation_is_to_the_nearest_event_and_each_only_once(
    make_sequence, make_lead, later, mailoutbox
):
    recife = {"city": "Recife", "latitude": -8.05, "longitude": -34.88}
    EventFactory(title="Longe", **{**recife, "latitude": -8.15})
    EventFactory(title="Aqui", **recife)
    EventFactory(title="Cheio", **recife, capacity=1, seats_taken=1)
    EventFactory(title="Rascunho", **recife, status="draft")
    text = "Vamos? {event}, {event_when}: {event_url}"
    make_sequence(10, 20, 30, with_event=True, text_pt_br=text)
    make_lead(email="iara@example.org", city="recife")

    for _ in range(3):
        later(10 * MINUTE)

    first, second = (mail.body.splitlines()[0] for mail in mailoutbox)
    assert first.startswith("Vamos? Aqui, Quinta-feira, 3 de Dezembro de 2026")
    assert "/events/" in first
    assert second.startswith("Vamos? Longe")
    assert statuses()[-1] == ("skipped", "no_event")


def test_whoever_takes_part_already_is_not_invited(make_sequence, make_lead, later, mailoutbox):
    person = UserFactory(latitude=-23.55, longitude=-46.63)
    event = EventFactory()
    event.participants.create(user=person, status="confirmed")
    make_sequence(10, with_event=True)
    make_lead(email="iara@example.org", user=person)

    later(10 * MINUTE)

    assert statuses() == [("skipped", "no_event")]
