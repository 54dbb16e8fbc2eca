"""A hand-off tells somebody, once; nobody who waits is forgotten."""

from datetime import timedelta
from functools import partial

import pytest
from django.core import mail
from django.utils import timezone

from leads import emails, tasks
from leads.models import Conversation, DutyShift
from leads.services import conversations, handoff
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


@pytest.mark.parametrize("reason", Conversation.Reason.values)
def test_every_reason_is_told_in_words(reason):
    told = Conversation(handoff_reason=reason).why

    assert told != reason
