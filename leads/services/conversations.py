"""What is said with people: every message stored once, in its place, and answered when due."""

from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from leads import streams, tasks
from leads.evolution import messages
from leads.models import Conversation, Lead, Message
from leads.services import identities, leases, opting_out, outbox, sequences
from users.models import User

Author = Message.Author
Channel = Conversation.Channel
Delivery = Message.Delivery
State = Conversation.State


@transaction.atomic(savepoint=False)
def receive(
    conversation: Conversation,
    *,
    external_id: str | None,
    text: str,
    kind: str = Message.Kind.TEXT,
    sent_at: datetime,
    name: str = "",
) -> tuple[Message, bool]:
    """Store what a person wrote, once, and see to it that it is answered; False: it was there.

    All of it or nothing, with what the caller does in the same transaction. The lock makes messages
    of one conversation come one after another, so that their ids tell the order in which they were
    seen.
    """
    conversation = leases.locked(conversation.pk)
    # A clock that goes ahead of ours must not make all that comes later look old.
    sent_at = min(sent_at, timezone.now())
    message, is_new = _store(
        conversation,
        external_id,
        author=Author.PERSON,
        text=text.replace("\0", "")[: messages.LONGEST],
        kind=kind,
        sent_at=sent_at,
    )
    if is_new:
        _note(conversation, sent_at, name)
        sequences.person_wrote(conversation.lead)
        _see_to(conversation, message)
    return message, is_new


def _store(
    conversation: Conversation, external_id: str | None, **facts: Any
) -> tuple[Message, bool]:
    if external_id is None:
        return conversation.messages.create(instance_id=conversation.instance_id, **facts), True
    known: dict[str, Any] = {"instance_id": conversation.instance_id, "external_id": external_id}
    if conversation.instance_id is None:
        known["conversation"] = conversation
    return Message.objects.get_or_create(**known, defaults={"conversation": conversation, **facts})


def _note(conversation: Conversation, sent_at: datetime, name: str) -> None:
    """When they wrote last, and their name, if none is known."""
    lead = conversation.lead
    Lead.objects.filter(pk=lead.pk).update(
        last_inbound_at=Greatest(Coalesce("last_inbound_at", sent_at), sent_at),
        **({"name": name[: identities.LONGEST_NAME]} if name and not lead.name else {}),
    )


def _see_to(conversation: Conversation, message: Message) -> None:
    """Confirm an opt-out or its end, make an answer due, or note that none is needed."""
    word = heed(conversation, message)
    if conversation.state == State.CLOSED:
        conversation.state = State.AGENT
    needs_answer = conversation.state == State.AGENT and not word and not is_late(message)
    if needs_answer:
        _make_due(conversation)
    elif conversation.state == State.AGENT and conversation.answer_due_at is None:
        conversation.answered_through = message.pk
    elif conversation.state == State.STAFF and not word and not _was_replied_to(message):
        conversation.handed_off_at = conversation.handed_off_at or message.accepted_at
    conversation.last_message_at = timezone.now()
    conversation.save(
        update_fields=[
            *("state", "answered_through", "answer_due_at", "burst_began_at"),
            *("last_message_at", "handed_off_at"),
        ]
    )


def heed(conversation: Conversation, message: Message) -> bool:
    """Do and confirm what they said, if it is the one word that stops messages, or its opposite.

    The caller holds the lock, and heeds the words once: as they come, or as they become so.
    They wait for nobody.
    """
    word = opting_out.opt_word(message.text)
    if not word:
        return False
    confirmation = opting_out.apply(conversation, message, word)
    outbox.queue(conversation, author=Author.SYSTEM, text=confirmation)
    if conversation.state == State.STAFF and not questions(unanswered(conversation)):
        conversation.handed_off_at = None
        conversation.save(update_fields=["handed_off_at"])
    return True


def questions(said: QuerySet[Message]) -> list[Message]:
    """Without the words that stop messages, or their opposite."""
    return [message for message in said if not opting_out.opt_word(message.text)]


def _was_replied_to(message: Message) -> bool:
    """On the phone: what they wrote here, they wrote before this had come."""
    replies = message.conversation.messages.filter(author=Author.STAFF)
    on_the_phone = replies.exclude(sent_at=F("accepted_at"))
    return on_the_phone.filter(sent_at__gt=message.sent_at).exists()


def is_late(message: Message) -> bool:
    """Whether what was written after it has been answered: it takes its place, and that is all."""
    answered = latest_answered(message.conversation)
    return answered is not None and message.sent_at < answered.sent_at


def latest_answered(conversation: Conversation) -> Message | None:
    """Of what needs no answer any more, what was written last."""
    if not conversation.answered_through:
        return None
    inbound = conversation.messages.filter(author=Author.PERSON)
    return inbound.filter(pk__lte=conversation.answered_through).in_order().last()


def unanswered(conversation: Conversation) -> QuerySet[Message]:
    """What a person wrote since the latest answer, as they wrote it."""
    answered = latest_answered(conversation)
    inbound = conversation.messages.filter(author=Author.PERSON)
    after = Q(pk__gt=conversation.answered_through)
    if answered is not None:
        after &= Q(sent_at__gte=answered.sent_at)
    return inbound.filter(after).in_order()


def _make_due(conversation: Conversation) -> None:
    """Move the end of the burst on; its first message nudges a worker.

    A web visitor is answered by the process that holds their stream, at once. Should it die, the
    sweep answers after as long as its lease would have lasted.
    """
    now = timezone.now()
    if conversation.channel == Channel.WEB:
        conversation.answer_due_at = now + leases.LEASE
        return
    is_first = conversation.burst_began_at is None
    conversation.burst_began_at = conversation.burst_began_at or now
    conversation.answer_due_at = _end_of_burst(conversation, latest=now)
    if is_first:
        nudge(conversation)


def voice_changed(conversation: Conversation) -> None:
    """A voice note is listened to, or not any more: the answer that is due moves with it.

    The caller holds the lock: of two notes that end at once, none is forgotten. Due sooner than
    it was, it nudges again.
    """
    before = conversation.answer_due_at
    if before is None:
        return
    latest = unanswered(conversation).aggregate(latest=Max("accepted_at"))["latest"]
    conversation.answer_due_at = _end_of_burst(conversation, latest=latest or timezone.now())
    conversation.save(update_fields=["answer_due_at"])
    if conversation.answer_due_at < before:
        nudge(conversation)


def _end_of_burst(conversation: Conversation, *, latest: datetime) -> datetime:
    """When nobody writes any more, or has written for long, and what was spoken is text."""
    end = latest + settings.BURST_SILENCE
    if conversation.burst_began_at is not None:
        end = min(end, conversation.burst_began_at + settings.BURST_LONGEST)
    return max(end, transcription_due_at(conversation) or end)


def transcription_due_at(conversation: Conversation) -> datetime | None:
    """Until when a voice note may still become text."""
    waiting = conversation.messages.filter(transcribed_at=None)
    dues = waiting.filter(transcription_due_at__gt=timezone.now())
    found: datetime | None = dues.aggregate(last=Max("transcription_due_at"))["last"]
    return found


def nudge(conversation: Conversation) -> None:
    """Have a worker look at it, which comes again when its answer is due.

    At once, so that it stands behind what others write: a worker keeps by itself what is due
    later, and does that before all that stands in the queue.
    """
    if conversation.answer_due_at is not None:
        tasks.agent.answer_conversation.delay_on_commit(conversation.pk)


@transaction.atomic
def staff_wrote(
    conversation: Conversation,
    *,
    by: User | None,
    text: str,
    external_id: str | None = None,
    sent_at: datetime | None = None,
) -> Message:
    """A person of ours answers, here or on the phone (`external_id`): the assistant is silent.

    What came from the phone late answers only what was written before it.
    """
    conversation = leases.locked(conversation.pk)
    if external_id is None:
        message = outbox.queue(conversation, author=Author.STAFF, text=text, staff=by)
    else:
        now = timezone.now()
        moment = min(sent_at or now, now)
        facts = {"author": Author.STAFF, "text": text, "staff": by, "delivery": Delivery.SENT}
        message, is_new = _store(conversation, external_id, **facts, sent_at=moment)
        if not is_new:
            return message
    _silence_assistant(conversation, by, message)
    return message


def answered_by(conversation: Conversation, reply: Message) -> int:
    """The inbound message up to which staff had read all when they wrote the reply."""
    inbound = conversation.messages.filter(author=Author.PERSON)
    if after := inbound.filter(_is_after(reply)).order_by("pk").first():
        inbound = inbound.filter(pk__lt=after.pk)
    return max(conversation.answered_through, inbound.aggregate(last=Max("pk"))["last"] or 0)


def _is_after(reply: Message) -> Q:
    """Written here, it came before all that came later; on the phone, the gateway's clock says."""
    later = Q(pk__gt=reply.pk)
    if reply.sent_at == reply.accepted_at:
        return later
    return Q(sent_at__gt=reply.sent_at) | (later & Q(sent_at=reply.sent_at))


def _waits_since(conversation: Conversation, reply: Message) -> datetime | None:
    """Since when somebody waits whom the reply does not answer."""
    if conversation.state in (State.WAITING, State.STAFF):
        if conversation.handed_off_at is None:
            return None
        # What the assistant said when it handed over answered nobody.
        later = conversation.messages.filter(_is_after(reply), author=Author.PERSON)
        return conversation.handed_off_at if questions(later) else None
    return min((one.accepted_at for one in questions(unanswered(conversation))), default=None)


def _silence_assistant(conversation: Conversation, by: User | None, reply: Message) -> None:
    """Nothing waits for it any more, and what it is making comes to nothing."""
    conversation.answered_through = answered_by(conversation, reply)
    waits_since = _waits_since(conversation, reply)
    if conversation.state != State.WAITING or waits_since is None:
        conversation.state = State.STAFF
        conversation.handed_off_at, conversation.escalated_at = waits_since, None
    conversation.assigned_to = by or conversation.assigned_to
    conversation.answer_due_at = conversation.burst_began_at = None
    conversation.lease_owner = conversation.lease_until = None
    conversation.fence += 1
    conversation.last_message_at = timezone.now()
    conversation.save()
    transaction.on_commit(partial(streams.publish_state, conversation))
    sequences.taken_over(conversation.lead)
