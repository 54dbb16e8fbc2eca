"""People and the assistant take turns in a conversation; one of them answers at a time."""

from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import F, Max
from django.utils import timezone

from leads import streams
from leads.models import Conversation, Message
from leads.services import conversations, leases, sequences
from users.models import User

State = Conversation.State
Author = Message.Author


@transaction.atomic
def take_over(conversation: Conversation, *, by: User) -> Conversation:
    """From now on `by` answers. What the assistant is writing just now is not kept.

    Who waits goes on waiting until they do; the time within which they have to begins anew.
    """
    conversation = leases.locked(conversation.pk)
    if conversation.state == State.STAFF and conversation.assigned_to == by:
        return conversation
    conversation.assigned_to = by
    asked = conversations.questions(conversations.unanswered(conversation))
    waits = conversation.handed_off_at or asked
    _turn(conversation, State.STAFF, waits_since=timezone.now() if waits else None)
    sequences.taken_over(conversation.lead)
    return conversation


@transaction.atomic
def hand_back(conversation: Conversation, *, by: User) -> Conversation:
    """The assistant answers again, also what nobody answered since a person wrote last."""
    conversation = leases.locked(conversation.pk)
    if conversation.state == State.AGENT:
        return conversation
    if reply := conversation.messages.filter(author=Author.STAFF).in_order().last():
        conversation.answered_through = conversations.answered_by(conversation, reply)
    if conversations.unanswered(conversation).exists():
        spoken = conversations.transcription_due_at(conversation)
        conversation.answer_due_at = spoken or timezone.now()
        conversations.nudge(conversation)
    _turn(conversation, State.AGENT)
    return conversation


@transaction.atomic
def close(conversation: Conversation, *, by: User) -> Conversation:
    """Nothing is left to answer; who writes opens it again."""
    conversation = leases.locked(conversation.pk)
    last = conversation.messages.filter(author=Author.PERSON).aggregate(last=Max("pk"))["last"]
    conversation.answered_through = max(conversation.answered_through, last or 0)
    _turn(conversation, State.CLOSED)
    return conversation


def _turn(conversation: Conversation, state: str, *, waits_since: datetime | None = None) -> None:
    """Change who answers. The fence keeps out whoever was at it."""
    conversation.state = state
    conversation.handed_off_at, conversation.escalated_at = waits_since, None
    conversation.handoff_reason = ""
    conversation.fence = F("fence") + 1
    conversation.lease_owner = conversation.lease_until = None
    if state != State.AGENT:
        conversation.answer_due_at = conversation.burst_began_at = None
    conversation.save()
    conversation.refresh_from_db(fields=["fence"])
    transaction.on_commit(partial(streams.publish_state, conversation))
