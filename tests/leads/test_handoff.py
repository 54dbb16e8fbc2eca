"""A hand-off tells somebody, once; nobody who waits is forgotten."""

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.utils import timezone

from leads import emails, tasks
from leads.models import Conversation, DutyShift
from leads.models.conversations import URGENCY, MessageQuerySet
from leads.services import conversations, handoff, taking_over
from tests.factories import UserFactory
from tests.leads.people import conversation, fresh, write
from tests.together import run_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_duty():
    """One of the staff, on duty; and one who is told when nobody answers."""
    staff = UserFactory(is_staff=True)
    DutyShift.objects.create(staff=staff)
    DutyShift.objects.create(staff=UserFactory(is_staff=True), is_on=False, is_escalation=True)
    return staff


def hand_off(to, **facts):
    handoff.hand_off(to, **{"reason": "asked", "summary": "Quer ajudar.", **facts})


def recipients():
    return sorted(address for message in mail.outbox for address in message.to)


def test_who_is_on_duty_is_told_at_once_and_once(on_duty, django_capture_on_commit_callbacks):
    to = conversation()

    with django_capture_on_commit_callbacks(execute=True):
        hand_off(to)
        hand_off(to, reason="no_evidence")
    handoff.tell(to.pk)

    assert recipients() == [on_duty.email]
    assert (fresh(to).state, to.handoff_reason) == ("waiting", "asked")
    assert (to.handoff_summary, to.handoff_told_at is None) == ("Quer ajudar.", False)


def test_who_is_assigned_is_told_instead(on_duty):
    assigned = UserFactory(is_staff=True)
    to = conversation(assigned_to=assigned)
    hand_off(to)

    handoff.tell(to.pk)

    assert recipients() == [assigned.email]


@pytest.mark.parametrize("gone", [{"is_active": False}, {"is_staff": False}])
def test_who_left_the_staff_is_not_told(on_duty, gone):
    to = conversation(assigned_to=UserFactory(**{"is_staff": True, **gone}))
    hand_off(to)

    handoff.tell(to.pk)

    assert recipients() == [on_duty.email]


def test_mail_that_fails_is_sent_later(on_duty, monkeypatch):
    to = conversation()
    hand_off(to)

    def away(*args):
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(emails, "handoff", away)
        with pytest.raises(OSError):  # noqa: PT011
            handoff.tell(to.pk)
    Conversation.objects.update(handed_off_at=timezone.now() - timedelta(minutes=2))

    tasks.agent.escalate_handoffs()

    assert recipients() == [on_duty.email]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_tell_one_does(on_duty):
    to = conversation()
    Conversation.objects.filter(pk=to.pk).update(
        state="waiting", handed_off_at=timezone.now(), handoff_reason="asked"
    )

    run_together(*[partial(handoff.tell, to.pk) for _ in range(5)])

    assert recipients() == [on_duty.email]


@pytest.mark.django_db(transaction=True)
def test_person_may_write_while_the_mail_goes_out(on_duty, monkeypatch):
    to = conversation()
    hand_off(fresh(to))
    Conversation.objects.update(handoff_told_at=None)
    monkeypatch.setattr(emails, "handoff", lambda *args: run_together(partial(write, to, "alô?")))

    handoff.tell(to.pk)

    assert fresh(to).handoff_told_at
    assert to.messages.count() == 1


def test_who_was_killed_while_telling_is_followed_by_another(on_duty, monkeypatch):
    to = conversation()
    hand_off(to)

    def die(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as death:
        death.setattr(emails, "handoff", die)
        with pytest.raises(KeyboardInterrupt):
            handoff.tell(to.pk)
    handoff.tell(to.pk)
    assert mail.outbox == []

    Conversation.objects.update(handoff_claimed_at=timezone.now() - timedelta(minutes=2))
    handoff.tell(to.pk)

    assert recipients() == [on_duty.email]


def test_what_nobody_answers_is_told_to_more_people_once(on_duty, settings):
    to = conversation()
    hand_off(to)
    handoff.tell(to.pk)
    mail.outbox.clear()
    tasks.agent.escalate_handoffs()
    assert mail.outbox == []

    Conversation.objects.update(
        handed_off_at=timezone.now() - settings.HANDOFF_ESCALATES_AFTER - timedelta(seconds=1)
    )
    tasks.agent.escalate_handoffs()
    tasks.agent.escalate_handoffs()

    escalation = DutyShift.objects.get(is_escalation=True).staff
    assert recipients() == sorted([on_duty.email, escalation.email])


def test_who_was_answered_is_not_told_of(on_duty):
    to = conversation()
    hand_off(to)
    conversations.staff_wrote(fresh(to), by=on_duty, text="Oi!")

    handoff.tell(to.pk)
    handoff.escalate(to.pk)

    assert mail.outbox == []


def test_a_second_hand_off_is_told_again(on_duty):
    to = conversation()
    hand_off(to)
    handoff.tell(to.pk)
    Conversation.objects.update(state="agent", handed_off_at=None)

    hand_off(to)
    handoff.tell(to.pk)

    assert recipients() == [on_duty.email] * 2


def test_where_a_person_answers_already_nothing_is_handed_off(on_duty):
    to = conversation(state="staff")

    hand_off(to)

    assert fresh(to).state == "staff"


def test_nothing_waits_for_the_assistant_after_it(settings):
    to = conversation()
    write(to)

    hand_off(to)

    assert fresh(to).answer_due_at is None


@pytest.fixture
def half_an_hour_later(settings):
    """What the minute's task does when the set time has passed since."""

    def pass_time():
        ago = timezone.now() - settings.HANDOFF_ESCALATES_AFTER - timedelta(seconds=1)
        Conversation.objects.exclude(handed_off_at=None).update(handed_off_at=ago)
        tasks.agent.escalate_handoffs()

    return pass_time


def taken_over(staff, state="waiting"):
    """By staff who have not written yet, of somebody who wrote."""
    to = conversation()
    write(to)
    if state == "waiting":
        hand_off(fresh(to))
    return taking_over.take_over(fresh(to), by=staff)


def test_who_writes_where_staff_answered_once_is_not_swallowed(on_duty, half_an_hour_later):
    to = conversation()
    write(to)
    conversations.staff_wrote(fresh(to), by=on_duty, text="Oi!")
    half_an_hour_later()
    assert fresh(to).state == "staff"

    write(to, "E onde é?")
    tasks.agent.escalate_handoffs()
    assert (fresh(to).state, mail.outbox) == ("staff", [])
    half_an_hour_later()
    tasks.agent.escalate_handoffs()

    assert (fresh(to).state, to.handoff_reason) == ("waiting", "unanswered")
    assert to.handoff_summary == "E onde é?"
    assert Conversation.objects.waiting_for_staff().get() == to
    escalation = DutyShift.objects.get(is_escalation=True).staff
    assert recipients() == sorted([on_duty.email, escalation.email])


def test_who_is_on_duty_hears_what_the_assigned_one_left(on_duty, half_an_hour_later):
    absent = UserFactory(is_staff=True)
    to = conversation(state="staff", assigned_to=absent)
    write(to)

    half_an_hour_later()

    escalation = DutyShift.objects.get(is_escalation=True).staff
    assert recipients() == sorted([absent.email, on_duty.email, escalation.email])


@pytest.mark.parametrize("state", ["waiting", "agent"])
def test_taking_over_answers_nobody(on_duty, half_an_hour_later, state):
    to = taken_over(on_duty, state)
    tasks.agent.escalate_handoffs()
    assert fresh(to).state == "staff"

    half_an_hour_later()

    assert fresh(to).state == "waiting"
    assert mail.outbox


def test_taking_over_where_nobody_waits_waits_for_nobody(on_duty, half_an_hour_later):
    to = taking_over.take_over(conversation(), by=on_duty)

    half_an_hour_later()

    assert (fresh(to).state, mail.outbox) == ("staff", [])


@pytest.mark.parametrize("end", ["answer", "hand_back", "close"])
def test_what_ends_the_wait_where_staff_answer(on_duty, half_an_hour_later, end):
    to = taken_over(on_duty)
    if end == "answer":
        conversations.staff_wrote(fresh(to), by=on_duty, text="Oi!")
    else:
        getattr(taking_over, end)(fresh(to), by=on_duty)

    half_an_hour_later()

    assert fresh(to).handed_off_at is None
    assert to.state != "waiting"


def test_neither_the_word_that_stops_messages_nor_what_had_its_answer_waits(half_an_hour_later):
    to = conversation(state="staff")
    now = timezone.now()
    conversations.staff_wrote(fresh(to), by=None, text="Oi!", external_id="1", sent_at=now)
    write(to, "alô?", ago=60)
    write(to, "PARAR")

    half_an_hour_later()

    assert fresh(to).state == "staff"


def test_what_came_after_the_answer_waits_whatever_its_clock_says(half_an_hour_later):
    to = conversation(state="staff")
    conversations.staff_wrote(fresh(to), by=None, text="Oi!")
    write(to, "alô?", ago=1)

    half_an_hour_later()

    assert fresh(to).state == "waiting"


def test_of_whom_staff_answer_those_who_wait_longest_come_first():
    answered = conversation(1, state="staff")
    later, first = conversation(2, state="staff"), conversation(3, state="staff")
    for to in (first, later):
        write(to)

    assert list(Conversation.objects.order_by(*URGENCY)) == [first, later, answered]


@pytest.mark.django_db(transaction=True)
def test_answer_that_comes_as_the_time_runs_out_wins(on_duty, half_an_hour_later, monkeypatch):
    to = conversation(state="staff")
    write(to)
    in_order = MessageQuerySet.in_order

    def answer_first(rows):
        monkeypatch.undo()
        run_together(partial(conversations.staff_wrote, to, by=on_duty, text="Oi!"))
        return in_order(rows)

    monkeypatch.setattr(MessageQuerySet, "in_order", answer_first)
    half_an_hour_later()

    assert (fresh(to).state, mail.outbox) == ("staff", [])


@pytest.mark.parametrize("reason", Conversation.Reason.values)
def test_every_reason_is_told_in_words(reason):
    told = Conversation(handoff_reason=reason).why

    assert told != reason
