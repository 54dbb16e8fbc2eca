"""What waits for an answer, read once; and the answer, written once, with all that follows."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from leads import tasks
from leads.agent import actions
from leads.agent.drafts import Burst, Draft
from leads.agent.turns import Action, Citation, Said, Turn
from leads.models import Conversation, Message, OpenQuestion
from leads.services import capture, conversations, handoff, leases, opting_out, outbox
from leads.services.leases import Lease, LeaseLost

Kind = Message.Kind

# Messages that a model reads as they are; what was said before them is in the summary.
WINDOW = 12
# Characters of each: a text of WhatsApp may be as long as a model's whole budget.
LONGEST_SAID = 2000
# So often an answer may fail before a person has to give it.
MOST_ATTEMPTS = 3


def read(lease: Lease) -> Burst | None:
    """What waits, and what was said before; None, and the lease is let go, if nothing does."""
    conversation = lease.rows.select_related("lead").first()
    if conversation is None:
        raise LeaseLost
    through = _last_inbound(conversation)
    waiting = [
        message
        for message in conversations.unanswered(conversation).filter(pk__lte=through)
        if not opting_out.opt_word(message.text) and not message.is_taken_back
    ]
    if not waiting:
        _nothing_waits(lease, through)
        return None
    before = conversation.messages.exclude(pk__in=[message.pk for message in waiting])
    history = reversed(before.in_order().reverse()[:WINDOW])
    turn = Turn(
        question="\n".join(filter(None, (message.text for message in waiting))),
        history=tuple(Said(message.author, message.text[:LONGEST_SAID]) for message in history),
        channel=conversation.channel,
        language=conversation.lead.language,
        summary=conversation.summary,
        unreadable=next(filter(None, map(_unreadable, waiting)), ""),
        is_introduced=conversation.introduced_at is not None,
        conversation_id=conversation.pk,
    )
    return Burst(through, turn, is_hopeless=conversation.answer_attempts > MOST_ATTEMPTS)


def _last_inbound(conversation: Conversation) -> int:
    inbound = conversation.messages.filter(author=Message.Author.PERSON)
    return inbound.aggregate(last=Max("pk"))["last"] or 0


def _unreadable(message: Message) -> str:
    """The kind of what we cannot read; a voice note that became text is as good as text."""
    is_readable = message.kind == Kind.TEXT or (message.kind == Kind.AUDIO and message.text)
    return "" if is_readable else message.kind


@transaction.atomic
def _nothing_waits(lease: Lease, through: int) -> None:
    conversation = leases.held(lease)
    _settle(conversation, max(through, conversation.answered_through))


@transaction.atomic
def store(lease: Lease, burst: Burst, draft: Draft, *, is_told: bool = False) -> tuple[int, bool]:
    """Write the answer and what it brings about, if the turn is still ours; all of it, or nothing.

    Give the message's id, and whether more has been written since.
    """
    conversation = leases.held(lease)
    message = outbox.queue(
        conversation,
        author=Message.Author.AGENT,
        text=_text(conversation, draft),
        answers_through=burst.through,
        citations=[_stored(citation) for citation in draft.citations],
        action=draft.actions[0].name if draft.actions else "",
        is_told=is_told,
    )
    Message.objects.filter(pk=message.pk).update(tokens=draft.tokens)
    if settings.PRIVACY_URL in draft.text and conversation.introduced_at is None:
        conversation.introduced_at = timezone.now()
    for action in draft.actions:
        _bring_about(conversation, action, burst.turn)
    is_more = _settle(conversation, burst.through)
    tasks.agent.summarize_conversation.delay_on_commit(conversation.pk)
    return message.pk, is_more


def _settle(conversation: Conversation, through: int) -> bool:
    """Note what has its answer, and let the next one have the conversation; whether more waits."""
    conversation.answered_through = through
    conversation.lease_owner = conversation.lease_until = None
    conversation.answer_attempts = 0
    conversation.last_message_at = timezone.now()
    is_more = (
        conversation.state == Conversation.State.AGENT  # else a person reads the rest
        and conversations.unanswered(conversation).exists()
    )
    if not is_more:
        conversation.answer_due_at = conversation.burst_began_at = None
    conversation.save(
        update_fields=[
            *("answered_through", "lease_owner", "lease_until", "answer_attempts"),
            *("last_message_at", "answer_due_at", "burst_began_at", "introduced_at"),
        ]
    )
    if is_more:
        conversations.nudge(conversation)
    return is_more


def _text(conversation: Conversation, draft: Draft) -> str:
    """Where nobody shows citations beside it, the sources stand below the text."""
    text = draft.text.strip()
    if conversation.channel == Conversation.Channel.WEB or not draft.citations:
        return text
    sources = [f"[{found.number}] {found.title} {found.url}".strip() for found in draft.citations]
    return "\n".join([text, "", *sources])


def _stored(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document": citation.document,
        "title": citation.title,
        "url": citation.url,
        "quote": citation.quote,
    }


def _bring_about(conversation: Conversation, action: Action, turn: Turn) -> None:
    if action.name == actions.HAND_OFF:
        reason = action.details["reason"]
        if reason == "no_evidence":
            OpenQuestion.objects.create(conversation=conversation, text=turn.question)
        summary = action.details.get("summary") or actions.summary_of(turn)
        handoff.hand_off(conversation, reason=reason, summary=summary)
    elif action.name == actions.CAPTURE:
        try:
            with transaction.atomic():
                capture.claim(conversation.lead, **action.details)
        except ValidationError:
            return  # it looked like an address or a number, and is none


def failure(turn: Turn) -> Draft:
    """What is said when no answer can be made: a person has to."""
    with translation.override(turn.language):
        text = _("Something went wrong here. I have told the team: a person will answer you here.")
    return Draft(text=text, actions=[Action(actions.HAND_OFF, {"reason": "failed"})])
