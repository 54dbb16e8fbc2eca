"""What comes without words: voice notes become text in time, or a person sees to them."""

import time
from contextlib import suppress
from datetime import timedelta

import orjson
from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.errors import DependencyAway
from leads.agent import steps
from leads.evolution import gateway, messages
from leads.models import Conversation, Message, WebhookEvent
from leads.services import conversations, handoff, leases, outbox
from leads.tasks import whatsapp as tasks
from videos import speech

# So long an answer waits for what was said.
PATIENCE = timedelta(seconds=25)
# The gateway's part of it, and a rest for us.
MARGIN = 1.0


def receive(message: Message) -> None:
    """See to a message that came without words, within the caller's transaction."""
    if message.kind == Message.Kind.AUDIO and speech.is_available():
        _begin(message)
    else:
        _hand_off(message)


def transcribe(message_id: int) -> None:
    """Put what is said in the place of the text, once; what cannot be understood is handed off.

    No transaction is open while gateway and provider are asked.
    """
    message = _waiting().filter(pk=message_id).select_related("conversation__lead").first()
    if message is None or message.transcription_due_at is None:
        return
    left = (message.transcription_due_at - timezone.now()).total_seconds()
    try:
        text = _listen(message, time.monotonic() + left)
    except (speech.NotUnderstood, DependencyAway, gateway.Refused):
        give_up(message_id)
    else:
        _write(message, text)


def give_up(message_id: int) -> None:
    """Let a person listen, once."""
    message = _waiting().filter(pk=message_id).first()
    # Erased meanwhile, nobody waits for it.
    with suppress(ObjectDoesNotExist), transaction.atomic():
        if message is not None:
            leases.locked(message.conversation_id)
            if _waiting().filter(pk=message_id).update(transcribed_at=timezone.now()):
                _hand_off(message)


def unheard() -> tuple[list[int], list[int]]:
    """Voice notes whose message was lost, and those for which the time is over."""
    now = timezone.now()
    waiting, due = _waiting().order_by("pk"), "transcription_due_at"
    in_time = waiting.filter(**{f"{due}__gt": now, f"{due}__lt": now + PATIENCE / 2})
    late = waiting.filter(**{f"{due}__lte": now})
    return list(in_time.values_list("pk", flat=True)), list(late.values_list("pk", flat=True))


def _waiting() -> QuerySet[Message]:
    return Message.objects.filter(transcription_due_at__isnull=False, transcribed_at=None)


def _begin(message: Message) -> None:
    due = timezone.now() + PATIENCE
    Message.objects.filter(pk=message.pk).update(transcription_due_at=due)
    conversations.voice_changed(message.conversation)
    tasks.transcribe_message.delay_on_commit(message.pk)


def _listen(message: Message, until: float) -> str:
    conversation = message.conversation
    if conversation.instance is None or message.external_id is None:
        raise speech.NotUnderstood
    sound = gateway.voice(conversation.instance.name, message.external_id)
    return speech.transcribe(
        sound,
        media_type=_media_type(message),
        language=conversation.lead.language,
        seconds=max(MARGIN, until - time.monotonic() - MARGIN),
    )


def _media_type(message: Message) -> str:
    told = WebhookEvent.objects.filter(
        instance=message.instance_id, event="messages.upsert", external_id=message.external_id
    ).first()
    return messages.media_type(orjson.loads(told.payload)) if told else "audio/ogg"


def _write(message: Message, text: str) -> None:
    # Erased meanwhile, nobody waits for it.
    with suppress(ObjectDoesNotExist), transaction.atomic():
        conversation = leases.locked(message.conversation_id)
        if _waiting().filter(pk=message.pk).update(text=text, transcribed_at=timezone.now()):
            message.text = text
            conversations.heed(conversation, message)
            conversations.voice_changed(conversation)


def _hand_off(message: Message) -> None:
    """Say what we cannot do and what comes next; a person sees to it, unless one does so already.

    Who is written to for the first time hears who writes, as in all answers.
    """
    conversation = Conversation.objects.select_related("lead").get(pk=message.conversation_id)
    if conversation.state != Conversation.State.AGENT:
        return
    with translation.override(conversation.lead.language):
        notice, summary = _words(message)
        notice = f"{notice} {steps.next_step()}"
        if conversation.introduced_at is None:
            notice = steps.introduction() + notice
            mine = Conversation.objects.filter(pk=conversation.pk)
            mine.update(introduced_at=timezone.now())
    outbox.queue(conversation, author=Message.Author.SYSTEM, text=notice)
    reason = "voice_note" if message.kind == Message.Kind.AUDIO else "media"
    handoff.hand_off(conversation, reason=reason, summary=summary)


def _words(message: Message) -> tuple[str, str]:
    kind = Message.Kind(message.kind)
    if kind == Message.Kind.AUDIO:
        return _("I could not listen to your voice note."), _("A voice note that nobody heard yet.")
    return (
        _("I can read only text, so I did not see what you sent."),
        _("Sent without words: %(kind)s.") % {"kind": kind.label},
    )
