"""A follow-up goes out once, whoever dies, refuses, or sends it at the same moment."""

import itertools
import sys
from smtplib import SMTPRecipientsRefused, SMTPServerDisconnected
from threading import Event

import pytest
from django.db import transaction
from django.utils import timezone

from leads import tasks
from leads.models import (
    Enrolment,
    FollowUp,
    Message,
)
from leads.services import brakes, follow_ups, outbox, sequences
from tests.leads.agreed import HOUR, MINUTE, NOON, planned, statuses, talk_with
from tests.leads.people import write
from tests.together import let_someone_wait, run_together

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


class Killed(BaseException):
    """The worker is no more: nothing catches it."""


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


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda row: sequences.person_wrote(row.lead), "replied"),
        (lambda row: sequences.deactivate(row.enrolment.sequence), "staff"),
    ],
)
def test_what_ended_while_it_was_tried_is_not_tried_again(
    make_sequence, make_lead, later, monkeypatch, mailoutbox, end, reason
):
    row = planned(make_sequence(), make_lead(email="iara@example.org"))
    kill_at(monkeypatch, (follow_ups, "_claim"), before=False)
    with pytest.raises(Killed):
        follow_ups.send(row.pk)
    assert statuses() == [("sending", "")]

    end(row)
    later(6 * MINUTE)
    later(6 * MINUTE)

    assert not mailoutbox
    assert statuses() == [("skipped", reason)]


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


def hold_at(monkeypatch, place):
    """Let whoever gets there first wait until another one waits for what they hold."""
    owner, name = place
    original, first, begun = getattr(owner, name), [1], Event()

    def holding(*args, **kwargs):
        if first and first.pop():
            begun.set()
            let_someone_wait()
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, holding)
    return begun


@pytest.mark.parametrize("channel", ["email", "whatsapp"])
@pytest.mark.django_db(transaction=True)
def test_four_workers_send_it_once(make_sequence, make_lead, mailoutbox, monkeypatch, channel):
    hold_at(monkeypatch, (brakes, "left_out"))
    row = planned(
        make_sequence(channel=channel), make_lead(email="iara@example.org", whatsapp=True)
    )

    run_together(*[lambda: follow_ups.send(row.pk)] * 4)

    assert len(mailoutbox) + Message.objects.count() == 1
    assert statuses() == [("sent", "")]


@pytest.mark.parametrize("channels", [("email", "email"), ("email", "whatsapp")])
@pytest.mark.django_db(transaction=True)
def test_two_at_once_keep_the_cap(
    make_sequence, make_lead, settings, mailoutbox, monkeypatch, channels
):
    """Without the lock of all that is planned for the lead, each would be the first."""
    hold_at(monkeypatch, (brakes, "left_out"))
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


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (lambda row: write(row["chat"], "Oi"), "replied"),
        (lambda row: sequences.deactivate(row["sequence"]), "staff"),
    ],
)
@pytest.mark.usefixtures("_nobody_answers")
@pytest.mark.django_db(transaction=True)
def test_what_ends_it_while_it_begins_waits_and_ends_it(
    make_sequence, make_lead, clock, monkeypatch, end, reason
):
    """Without the lock it would find nothing to end, and what was enrolled would go on."""
    row = {"sequence": make_sequence(60), "chat": talk_with(make_lead())}
    clock.shift(10 * MINUTE)
    begun = hold_at(monkeypatch, (sequences, "due_at"))

    run_together(sequences.enrol, lambda: begun.wait(10) and end(row))

    assert statuses() == [("skipped", reason)]


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
