# PLACEHOLDER
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from leads import streams
from leads.models import Conversation, Message


def queue(
    conversation: Conversation,
    *,
    author: str,
    text: str,
    staff: Any = None,
    answers_through: int | None = None,
    citations: Any = (),
    action: str = "",
) -> Message:
    message = conversation.messages.create(
        author=author, text=text, staff=staff, delivery="queued", citations=list(citations)
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=timezone.now())
    transaction.on_commit(partial(streams.publish_message, message))
    return message
