# PLACEHOLDER
"""Puts a message where its channel takes it from."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from leads import streams
from leads.models import Conversation, Message
from users.models import User


def queue(
    conversation: Conversation,
    *,
    author: str,
    text: str,
    staff: User | None = None,
    answers_through: int | None = None,
    citations: Iterable[Any] = (),
    action: str = "",
) -> Message:
    is_web = conversation.channel == Conversation.Channel.WEB
    message = Message.objects.create(
        conversation=conversation,
        instance=conversation.instance,
        author=author,
        text=text,
        staff=staff,
        answers_through=answers_through,
        citations=list(citations),
        action=action,
        delivery=Message.Delivery.SENT if is_web else Message.Delivery.QUEUED,
        try_at=None if is_web else timezone.now(),
    )
    if is_web:
        transaction.on_commit(partial(streams.publish_message, message))
    return message
