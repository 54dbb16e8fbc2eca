"""Who is written to unasked: by which trigger, never twice, never late, and what stops it."""

import itertools
import sys
from datetime import UTC, datetime, timedelta
from importlib import import_module
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from threading import Event

import pytest
import time_machine
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads import tasks
from leads.models import (
    Enrolment,
    FollowUp,
    Lead,
    LeadConsent,
    LeadIdentity,
    Message,
    Sequence,
    SequenceStep,
    WhatsAppInstance,
)
from leads.services import brakes, follow_ups, opting_out, outbox, sequences
from tests.factories import EventFactory, UserFactory
from tests.leads.conftest import talk_with
from tests.together import let_someone_wait, run_together

# Noon in São Paulo, on a Thursday.
NOON = datetime(2026, 11, 26, 15, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The worker is no more: nothing catches it."""


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def make_sequence(db):
    """Make an active sequence with a step for each number of minutes."""

    def make(*delays, trigger="created", channel="email", active=True, **fields):
        sequence = Sequence.objects.create(
            name=f"Sequência {Sequence.objects.count()}", trigger=trigger
        )
        for position, minutes in enumerate(delays or (10,), start=1):
            words = {"subject": "Oi", "text_pt_br": "Oi {name}!", **fields}
            sequence.steps.create(
                position=position, delay_minutes=minutes, channel=channel, **words
            )
        if active:
            sequences.activate(sequence)
        return sequence

    return make


@pytest.fixture
def later(clock):
    """Let time pass, then the minute's task run with all that it starts."""

    def run(delta=MINUTE):
        clock.shift(delta)
        tasks.follow_ups.begin_follow_ups()

    return run


def statuses():
    return list(FollowUp.objects.order_by("due_at", "pk").values_list("status", "reason"))


def planned(sequence, lead, **fields):
    """A follow-up of the first step that is due now."""
    now = timezone.now()
    row = Enrolment.objects.create(sequence=sequence, lead=lead, triggered_at=now)
    fields = {"due_at": now, "step": sequence.steps.first(), **fields}
    return FollowUp.objects.create(enrolment=row, lead=lead, **fields)


# --- Who is enrolled ----------------------------------------------------------------------


def test_a_new_lead_gets_each_step_once_at_its_time(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10, 60)
    make_lead(email="iara@example.org")

    later(5 * MINUTE)
    assert statuses() == [("planned", "")] * 2
    later(5 * MINUTE)
    assert statuses() == [("sent", ""), ("planned", "")]
    for _ in range(5):
        later(10 * MINUTE)

    assert [mail.to for mail in mailoutbox] == [["iara@example.org"]] * 2
    assert Enrolment.objects.get().stop_reason == "finished"


def test_whoever_came_before_gets_nothing(make_sequence, make_lead, clock, later):
    make_lead(email="iara@example.org")
    clock.shift(MINUTE)
    make_sequence(0)

    later(HOUR)

    assert not Enrolment.objects.exists()


def test_a_step_that_is_added_later_is_for_others(make_sequence, make_lead, later, mailoutbox):
    sequence = make_sequence(10)
    make_lead(email="iara@example.org")
    later(10 * MINUTE)

    sequence.steps.create(
        position=2, delay_minutes=0, channel="email", subject="Novo", text_pt_br="Oi"
    )
    make_lead(email="bia@example.org")
    later(10 * MINUTE)

    assert [(mail.to[0][:4], mail.subject) for mail in mailoutbox] == [
        ("iara", "Oi"),
        ("bia@", "Novo"),
        ("bia@", "Oi"),
    ]


def test_a_sequence_that_was_off_brings_nothing_back(make_sequence, make_lead, later, mailoutbox):
    sequence = make_sequence(10)
    make_lead(email="iara@example.org")
    later(5 * MINUTE)

    sequences.deactivate(sequence)
    sequences.activate(sequence)
    later(HOUR)

    assert statuses() == [("skipped", "staff")]
    assert not mailoutbox


def test_after_an_outage_nobody_gets_old_news(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10)
    make_lead(email="iara@example.org")
    later(5 * MINUTE)
    make_lead(email="bia@example.org")  # nobody enrolled her

    later(3 * DAY)

    assert statuses() == [("skipped", "too_late")]
    assert not mailoutbox


@pytest.mark.parametrize(
    ("trigger", "fields", "is_enrolled"),
    [
        ("created", {}, True),
        ("created", {"stage": "qualified"}, False),
        ("created", {"stage": "lost", "lost_reason": "x"}, False),
        ("qualified", {"stage": "qualified"}, True),
        ("qualified", {}, False),
        ("invited", {"stage": "invited"}, True),
        ("silent", {}, False),
        ("silent", {"last_inbound_at": NOON}, True),
        ("silent", {"last_inbound_at": NOON, "stage": "volunteer"}, False),
        ("created", {"last_inbound_at": NOON + 4 * MINUTE}, True),  # belongs to the arrival
        ("created", {"last_inbound_at": NOON + 6 * MINUTE}, False),  # wrote again
        ("created", {"opted_out_at": NOON}, False),
    ],
)
def test_a_trigger_takes_up_whom_it_is_about(
    make_sequence, make_lead, later, trigger, fields, is_enrolled
):
    make_sequence(10, trigger=trigger)
    make_lead(**fields)

    later(15 * MINUTE)

    assert Enrolment.objects.exists() == is_enrolled


def test_a_merged_lead_is_nobody(make_sequence, make_lead, later):
    make_sequence(10)
    kept = make_lead()
    make_lead(merged_into=kept)

    later(10 * MINUTE)

    assert [row.lead for row in Enrolment.objects.all()] == [kept]


@pytest.mark.parametrize("state", ["waiting", "staff"])
def test_whom_a_person_answers_is_left_to_them(make_sequence, make_lead, later, state):
    make_sequence(10)
    talk_with(make_lead(), state=state, handed_off_at=NOON)

    later(10 * MINUTE)

    assert not Enrolment.objects.exists()


def test_silence_is_one_when_the_step_comes_due(make_sequence, make_lead, later):
    make_sequence(60, trigger="silent", channel="whatsapp")
    lead = make_lead(whatsapp=True, last_inbound_at=NOON)

    later(40 * MINUTE)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())
    later(40 * MINUTE)
    assert not Enrolment.objects.exists()
    later(20 * MINUTE)

    assert statuses() == [("sent", "")]


def test_who_falls_silent_again_soon_is_left_alone(make_sequence, make_lead, later):
    make_sequence(60, trigger="silent", channel="whatsapp")
    lead = make_lead(whatsapp=True, last_inbound_at=NOON)
    later(HOUR)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())

    later(HOUR)
    assert len(statuses()) == 1
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now() + 31 * DAY)
    later(31 * DAY + HOUR)

    assert len(statuses()) == 2


# --- What stops it ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (sequences.person_wrote, "replied"),
        (sequences.taken_over, "taken_over"),
        (sequences.stage_changed, "stage_changed"),
        (sequences.opted_out, "opted_out"),
    ],
)
def test_what_stops_a_sequence_stops_all_its_steps(
    make_sequence, make_lead, later, mailoutbox, stop, reason
):
    make_sequence(10, 60, 120)
    lead, other = make_lead(email="iara@example.org"), make_lead(email="bia@example.org")
    later(10 * MINUTE)

    stop(lead)
    later(3 * HOUR)

    mine = lead.follow_ups.order_by("due_at").values_list("status", "reason")
    assert list(mine) == [("sent", ""), ("skipped", reason), ("skipped", reason)]
    assert lead.enrolments.get().stop_reason == reason
    assert [mail.to[0] for mail in mailoutbox].count("iara@example.org") == 1
    assert other.follow_ups.filter(status="sent").count() == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lead: Lead.objects.update(stage="invited"), "stage_changed"),
        (lambda lead: talk_with(lead, state="staff"), "taken_over"),
        (lambda lead: Lead.objects.update(opted_out_at=timezone.now()), "opted_out"),
    ],
)
def test_what_no_hook_told_is_seen_when_its_turn_comes(
    make_sequence, make_lead, later, mailoutbox, change, reason
):
    make_sequence(10, 60)
    lead = make_lead(email="iara@example.org")
    later(5 * MINUTE)

    change(lead)
    later(5 * MINUTE)

    assert statuses() == [("skipped", reason)] * 2
    assert not mailoutbox


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ({"email": "iara@example.org", "agreed": False}, "no_consent"),
        ({}, "no_address"),
    ],
)
def test_without_consent_and_a_proven_address_nothing_goes_out(
    make_sequence, make_lead, later, mailoutbox, make, reason
):
    make_sequence(10)
    lead = make_lead(**make)
    LeadIdentity.objects.create(lead=lead, kind="email", key="k", value="typed@example.org")

    later(10 * MINUTE)

    assert statuses() == [("skipped", reason)]
    assert not mailoutbox


def test_the_last_word_about_consent_counts(make_sequence, make_lead, later):
    make_sequence(10)
    lead = make_lead(email="iara@example.org")
    LeadConsent.objects.create(lead=lead, purpose="unasked", is_given=False, channel="staff")

    later(10 * MINUTE)

    assert statuses() == [("skipped", "no_consent")]


def test_a_text_about_the_city_needs_one(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10, text_pt_br="O que há em {city}")
    make_lead(email="iara@example.org")
    make_lead(email="bia@example.org", city="Recife")

    later(10 * MINUTE)

    assert sorted(statuses()) == [("sent", ""), ("skipped", "no_city")]
    assert "O que há em Recife" in mailoutbox[0].body


# --- When it goes out ---------------------------------------------------------------------


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


# --- What it says -------------------------------------------------------------------------


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


# --- Once, whatever dies ------------------------------------------------------------------


def kill_at(monkeypatch, place, *, before=True):
    """Die once when the worker gets there, before or after it is done."""
    owner, name = place
    original = getattr(owner, name)

    def dying(*args, **kwargs):
        monkeypatch.setattr(owner, name, original)
        if not before:
            original(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(owner, name, dying)


class Killer:
    """Kills whoever comes to the n-th line of what sends follow-ups."""

    FILES = {module.__file__ for module in (follow_ups, brakes, sequences, outbox)}

    def __init__(self, number):
        self.left = number

    def __call__(self, frame, event, argument):
        if frame.f_code.co_filename not in self.FILES:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                raise Killed
        return self


def killed_at(number, row):
    """Whether the worker got to that line of the work, and died there."""
    sys.settrace(Killer(number))
    try:
        follow_ups.send(row.pk)
    except Killed:
        return True
    finally:
        sys.settrace(None)
    return False


def lines_of(row):
    """Kill a worker at each line, in a database of its own each time; say how far the work got."""
    for number in itertools.count(1):
        with transaction.atomic():
            was_killed = killed_at(number, row)
            yield number, was_killed
            transaction.set_rollback(True)
        if not was_killed:
            assert number > 40, "Hardly a line was looked at."
            return


def test_killed_at_any_line_whatsapp_gets_it_once(make_sequence, make_lead, later, clock):
    row = planned(make_sequence(channel="whatsapp"), make_lead(whatsapp=True))

    for number, _was_killed in lines_of(row):
        later(6 * MINUTE)
        later(6 * MINUTE)

        assert (Message.objects.count(), statuses()) == (1, [("sent", "")]), number
        clock.move_to(NOON)


def test_killed_at_any_line_a_mail_is_never_sent_twice(
    make_sequence, make_lead, later, clock, mailoutbox
):
    """Only while the mail server has it nobody knows; then it is told to staff."""
    row, unknown = planned(make_sequence(), make_lead(email="iara@example.org")), []

    for number, was_killed in lines_of(row):
        later(6 * MINUTE)
        later(6 * MINUTE)

        count, ends = len(mailoutbox), statuses()
        if was_killed and ends == [("failed", "interrupted")]:
            unknown.append(count)
        else:
            assert (count, ends) == (1, [("sent", "")]), number
        clock.move_to(NOON)
        mailoutbox.clear()

    lost = unknown.count(0)
    assert unknown == [0] * lost + [1] * (len(unknown) - lost)
    assert 0 < lost <= 2  # between `sent_at` and the mail server's first word


class MailServer:
    """A mail backend whose dialogue ends as the test says."""

    def __init__(self, opening=None, sending=None):
        self.opening, self.sending, self.sent = opening, sending, []

    def open(self):
        if self.opening:
            raise self.opening

    def send_messages(self, messages):
        self.sent += messages
        if self.sending:
            raise self.sending
        return len(messages)

    def close(self):
        pass


@pytest.fixture
def mail_server(monkeypatch):
    server = MailServer()
    monkeypatch.setattr(follow_ups, "get_connection", lambda: server)
    return server


@pytest.mark.django_db(transaction=True)
def test_killed_while_the_mail_server_has_it_it_is_never_mailed_twice(
    make_sequence, make_lead, later, mail_server
):
    row = planned(make_sequence(), make_lead(email="iara@example.org"))
    mail_server.sending = Killed()
    with pytest.raises(Killed):
        follow_ups.send(row.pk)
    mail_server.sending = None

    later(6 * MINUTE)
    later(6 * MINUTE)

    assert len(mail_server.sent) == 1
    assert statuses() == [("failed", "interrupted")]


def test_a_connection_that_breaks_is_not_tried_again(make_sequence, make_lead, later, mail_server):
    """The mail may have been taken: unasked mail comes once or not at all."""
    row = planned(make_sequence(), make_lead(email="iara@example.org"))
    mail_server.sending = SMTPServerDisconnected("gone")

    follow_ups.send(row.pk)
    later(HOUR)

    assert len(mail_server.sent) == 1
    assert statuses() == [("failed", "interrupted")]


@pytest.mark.parametrize(
    "fault",
    [
        {"opening": ConnectionRefusedError()},
        {"sending": SMTPRecipientsRefused({"iara@example.org": (450, b"later")})},
    ],
)
def test_a_mail_server_that_says_no_is_asked_again_then_given_up(
    make_sequence, make_lead, later, mail_server, fault
):
    vars(mail_server).update(fault)
    planned(make_sequence(), make_lead(email="iara@example.org"))

    later(MINUTE)
    assert FollowUp.objects.get().due_at == timezone.now() + MINUTE
    for _ in range(5):
        FollowUp.objects.planned().update(due_at=timezone.now())
        later(MINUTE)

    assert statuses() == [("failed", "refused")]
    assert FollowUp.objects.get().attempts == 5


def test_it_is_not_queued_again_while_it_waits_for_a_worker(make_sequence, make_lead, clock):
    row = planned(make_sequence(), make_lead(email="iara@example.org"))
    clock.shift(MINUTE)

    assert follow_ups.due() == [row.pk]
    assert follow_ups.due() == []
    clock.shift(3 * MINUTE)
    assert follow_ups.due() == [row.pk]


def test_a_row_that_is_gone_or_done_is_no_work(make_sequence, make_lead, mailoutbox):
    row = planned(make_sequence(), make_lead(email="iara@example.org"))
    tasks.follow_ups.send_follow_up(row.pk)

    tasks.follow_ups.send_follow_up(row.pk)
    tasks.follow_ups.send_follow_up(row.pk + 1)

    assert len(mailoutbox) == 1


# --- Races --------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", ["email", "whatsapp"])
@pytest.mark.django_db(transaction=True)
def test_four_workers_send_it_once(make_sequence, make_lead, mailoutbox, channel):
    row = planned(
        make_sequence(channel=channel), make_lead(email="iara@example.org", whatsapp=True)
    )

    run_together(*[lambda: follow_ups.send(row.pk)] * 4)

    assert len(mailoutbox) + Message.objects.count() == 1
    assert statuses() == [("sent", "")]


@pytest.mark.parametrize("channels", [("email", "email"), ("email", "whatsapp")])
@pytest.mark.django_db(transaction=True)
def test_two_at_once_keep_the_cap(make_sequence, make_lead, settings, mailoutbox, channels):
    """Without the lock of all that is planned for the lead, each would be the first."""
    settings.FOLLOW_UPS_PER_WEEK = 1
    lead = make_lead(email="iara@example.org", whatsapp=True)
    rows = [planned(make_sequence(channel=channel), lead) for channel in channels]

    run_together(*(lambda pk=row.pk: follow_ups.send(pk) for row in rows))

    assert len(mailoutbox) + Message.objects.count() == 1
    assert sorted(status for status, _reason in statuses()) == ["planned", "sent"]


@pytest.mark.django_db(transaction=True)
def test_what_is_sent_while_the_lead_opts_out_waits_for_the_word(
    make_sequence, make_lead, mailoutbox
):
    lead, begun = make_lead(email="iara@example.org"), Event()
    row = planned(make_sequence(), lead)

    def opt_out():
        with transaction.atomic():
            sequences.opted_out(lead)
            begun.set()
            let_someone_wait()

    run_together(opt_out, lambda: begun.wait(10) and follow_ups.send(row.pk))

    assert not mailoutbox
    assert statuses() == [("skipped", "opted_out")]


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_enrol_everybody_once(make_sequence, make_lead, clock):
    make_sequence(10, 20)
    for _ in range(5):
        make_lead()
    clock.shift(10 * MINUTE)

    run_together(*[sequences.enrol] * 4)

    assert Enrolment.objects.count() == 5
    assert FollowUp.objects.count() == 10


@pytest.mark.django_db(transaction=True)
def test_killed_while_enrolling_all_or_nothing_is_there(
    make_sequence, make_lead, later, monkeypatch
):
    make_sequence(60)
    make_lead()
    kill_at(monkeypatch, (sequences, "due_at"))
    with pytest.raises(Killed):
        later(10 * MINUTE)
    assert not Enrolment.objects.exists()

    later()

    assert statuses() == [("planned", "")]


# --- The rest -----------------------------------------------------------------------------


def test_many_leads_take_few_statements(
    make_sequence, make_lead, clock, django_assert_max_num_queries
):
    make_sequence(60, 120)
    for _ in range(20):
        make_lead()
    clock.shift(10 * MINUTE)

    with django_assert_max_num_queries(8):
        sequences.enrol()

    assert FollowUp.objects.count() == 40


def test_a_sequence_without_steps_is_not_switched_on(db):
    sequence = Sequence.objects.create(name="Vazia", trigger="created")

    with pytest.raises(sequences.NoSteps):
        sequences.activate(sequence)
    with pytest.raises(sequences.NotActive):
        sequences.deactivate(sequence)


def test_it_is_switched_on_once(make_sequence):
    with pytest.raises(sequences.AlreadyActive):
        sequences.activate(make_sequence())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda row: FollowUp.objects.filter(pk=row.pk).update(step=None),
        lambda row: FollowUp.objects.filter(pk=row.pk).update(status="sent"),
        lambda row: planned(row.enrolment.sequence, row.lead),
        lambda row: SequenceStep.objects.update(channel="email", subject=""),
        lambda row: Sequence.objects.update(active_since=None),
    ],
)
def test_the_database_refuses(make_sequence, make_lead, wrong):
    row = planned(make_sequence(), make_lead())

    with pytest.raises(IntegrityError), transaction.atomic():
        wrong(row)


def test_starters_come_once_and_switched_off(db):
    starters = import_module("leads.migrations.0003_starter_sequences")
    for _ in range(2):
        starters.create_starters(apps, None)

    made = Sequence.objects.filter(name__in=starters.STARTERS)
    assert made.count() == 3
    assert not made.filter(is_active=True).exists()
    for step in SequenceStep.objects.filter(sequence__in=made):
        step.full_clean()
