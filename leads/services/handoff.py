"""From the assistant to a person: somebody is told, and again if nobody answers."""

from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from leads import emails, streams, tasks
from leads.models import Conversation
from leads.services import duty
from users.models import User

LONGEST_SUMMARY = 2000
# So long after it nobody was told, the sweep tells them.
TOLD_WITHIN = timedelta(minutes=1)
# A mail that could not be sent for so long is no news any more; the admin shows who waits.
NEWS_FOR = timedelta(days=1)
SWEEP_SIZE = 200


@transaction.atomic
def hand_off(conversation: Conversation, *, reason: str, summary: str) -> None:
    """Give it to people, in the caller's transaction: the assistant is silent until they are done.

    What waits already goes on waiting since when it began.
    """
    now = timezone.now()
    fresh = Conversation.objects.filter(pk=conversation.pk).exclude(
        state__in=(Conversation.State.WAITING, Conversation.State.STAFF)
    )
    waits: dict[str, object] = {
        "state": Conversation.State.WAITING,
        "handed_off_at": now,
        "handoff_reason": reason[:40],
        "handoff_summary": summary[:LONGEST_SUMMARY],
        "handoff_told_at": None,
        "escalated_at": None,
        "answer_due_at": None,
        "burst_began_at": None,
    }
    # Who is making an answer just now, if it is not our caller, makes it for nothing.
    if fresh.update(fence=F("fence") + 1, **waits):
        for name, value in waits.items():
            setattr(conversation, name, value)
        tasks.agent.send_handoff_mails.delay_on_commit(conversation.pk)
        transaction.on_commit(partial(streams.publish_state, conversation))


def tell(conversation_id: int) -> None:
    """Mail those whom it concerns, once: a mail that fails takes the claim back.

    The update is the claim; a second run waits for it, then finds nothing to do.
    """
    waiting = Conversation.objects.waiting_for_staff().filter(pk=conversation_id)
    untold = waiting.filter(handoff_told_at=None).order_by()
    with transaction.atomic():
        if not untold.update(handoff_told_at=timezone.now()):
            return
        conversation = waiting.select_related("lead", "assigned_to").get()
        for person in _concerned(conversation):
            emails.handoff(conversation, person)


def _concerned(conversation: Conversation) -> list[User]:
    """Whoever is assigned, and is still one of us; else all who are on duty."""
    for assigned in (conversation.assigned_to, conversation.lead.assigned_to):
        if assigned is not None and assigned.is_active and assigned.is_staff:
            return [assigned]
    return duty.on_duty()


def escalate(conversation_id: int) -> None:
    """Tell all who may be told, once, that nobody answered in time."""
    waiting = Conversation.objects.waiting_for_staff().filter(pk=conversation_id)
    quiet = waiting.filter(escalated_at=None).order_by()
    with transaction.atomic():
        if not quiet.update(escalated_at=timezone.now()):
            return
        conversation = waiting.select_related("lead", "assigned_to").get()
        for person in {*_concerned(conversation), *duty.escalations()}:
            emails.escalation(conversation, person)


def untold() -> list[int]:
    """Hand-offs that a lost message left untold."""
    now = timezone.now()
    waiting = Conversation.objects.waiting_for_staff().filter(
        handoff_told_at=None,
        handed_off_at__range=(now - NEWS_FOR, now - TOLD_WITHIN),
    )
    return list(waiting.values_list("pk", flat=True)[:SWEEP_SIZE])


def overdue() -> list[int]:
    """Hand-offs that nobody answered within the set time, and of which nobody else knows."""
    now = timezone.now()
    waiting = Conversation.objects.waiting_for_staff().filter(
        escalated_at=None,
        handed_off_at__range=(now - NEWS_FOR, now - settings.HANDOFF_ESCALATES_AFTER),
    )
    return list(waiting.values_list("pk", flat=True)[:SWEEP_SIZE])
