# PLACEHOLDER
"""Answers a conversation: the smallest that streams one."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from leads.database import briefly
from leads.models import Conversation, Message


@dataclass(frozen=True)
class Token:
    text: str


@dataclass(frozen=True)
class Citation:
    document: int
    title: str
    url: str
    quote: str


@dataclass(frozen=True)
class Done:
    message_id: int


@dataclass(frozen=True)
class Failed:
    retry: bool


SLOWNESS = 0.0


async def run(conversation_id: int, *, streaming: bool) -> AsyncGenerator[Any, None]:
    begun = await briefly(_begin, conversation_id)
    text = f"Você disse: {begun.text}"
    for word in text.split():
        yield Token(word + " ")
        await asyncio.sleep(SLOWNESS)
    if "falha" in text:
        yield Failed(retry=True)
        return
    yield Citation(1, "Perguntas", "https://example.org/faq", "…")
    yield Done(await briefly(_finish, conversation_id, begun.pk, text))


def _begin(pk: int) -> Message:
    return Message.objects.filter(conversation=pk, author="person").order_by("-pk")[0]


@transaction.atomic
def _finish(pk: int, through: int, text: str) -> int:
    conversation = Conversation.objects.select_for_update().get(pk=pk)
    answer = conversation.messages.create(
        author="agent", text=text, answers_through=through, delivery="sent"
    )
    conversation.answered_through = through
    conversation.answer_due_at = None
    conversation.save()
    return answer.pk
