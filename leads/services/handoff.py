"""From the assistant to a person: somebody is told, and again if nobody answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from leads import emails, streams, tasks
from leads.models import Conversation, Message
from leads.services import duty, hints
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
        "handoff_claimed_at": None,
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


def wait_again() -> None:
    """Whom staff leave without an answer for the set time waits for a person again.

    They were told, or wrote themselves: it is no news but overdue, for all who may be told.
    """
    now = timezone.now()
    left = Conversation.objects.filter(
        state=Conversation.State.STAFF,
        handed_off_at__lte=now - settings.HANDOFF_ESCALATES_AFTER,
    )
    for conversation in left.order_by("handed_off_at", "pk")[:SWEEP_SIZE]:
        said = conversation.messages.filter(author=Message.Author.PERSON).in_order().last()
        with transaction.atomic():
            if left.filter(pk=conversation.pk).update(
                state=Conversation.State.WAITING,
                handoff_reason=Conversation.Reason.UNANSWERED,
                handoff_summary=said.text[:LONGEST_SUMMARY] if said else "",
                handoff_told_at=now,
                handoff_claimed_at=None,
                escalated_at=None,
            ):
                conversation.state = Conversation.State.WAITING
                transaction.on_commit(partial(streams.publish_state, conversation))


def tell(conversation_id: int) -> None:
    """Mail those whom it concerns, once, with what the web says where we know nothing."""
    with _telling(conversation_id, "handoff_told_at") as found:
        for conversation in found:
            hints.add(conversation)
            for person in _concerned(conversation):
                emails.handoff(conversation, person)


def escalate(conversation_id: int) -> None:
    """Tell all who may be told, once, that nobody answered in time."""
    with _telling(conversation_id, "escalated_at") as found:
        for conversation in found:
            for person in {*_concerned(conversation), *duty.on_duty(), *duty.escalations()}:
                emails.escalation(conversation, person)


@contextmanager
def _telling(conversation_id: int, mark: str) -> Iterator[list[Conversation]]:
    """Give the conversation if it is ours to tell, and note the end; mail locks nothing.

    A mail that fails gives the claim back; one whose sender was killed is sent again when the
    claim has run out: twice is better than never.
    """
    now = timezone.now()
    waiting = Conversation.objects.waiting_for_staff().filter(pk=conversation_id).order_by()
    unclaimed = Q(handoff_claimed_at=None) | Q(handoff_claimed_at__lt=now - TOLD_WITHIN)
    if not waiting.filter(unclaimed, **{mark: None}).update(handoff_claimed_at=now):
        yield []
        return
    mine = Conversation.objects.filter(pk=conversation_id, handoff_claimed_at=now)
    try:
        yield list(waiting.select_related("lead", "assigned_to"))
    except OSError:
        mine.update(handoff_claimed_at=None)
        raise
    mine.update(handoff_claimed_at=None, **{mark: timezone.now()})


def _concerned(conversation: Conversation) -> list[User]:
    """Whoever is assigned, and is still one of us; else all who are on duty."""
    for assigned in (conversation.assigned_to, conversation.lead.assigned_to):
        if assigned is not None and assigned.is_active and assigned.is_staff:
            return [assigned]
    return duty.on_duty()


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
