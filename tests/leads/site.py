"""The site as streams serve it, with an assistant that says what the visitor said, word by word.

A message says how long each word takes, and what goes wrong: "slow:0.2", "breaks".
"""

import asyncio
import os
import re
from dataclasses import dataclass

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import F, Q  # noqa: E402

from leads.models import Conversation, Message  # noqa: E402
from leads.services import answers  # noqa: E402
from leads.threads import in_thread  # noqa: E402

settings.STREAMS_NEED = []
for name in ("CHAT_PRESENCE", "CHAT_STUCK"):
    setattr(settings, name, int(os.environ.get(name, getattr(settings, name))))


@dataclass
class Token:
    text: str


@dataclass
class Citation:
    document: int
    title: str
    url: str
    quote: str


@dataclass
class Done:
    message_id: int


@dataclass
class Failed:
    retry: bool


async def run(conversation_id, *, streaming):
    asked = await in_thread(_asked, conversation_id)
    if asked is None:
        return
    pause = float((re.findall(r"slow:([\d.]+)", asked.text) or [0])[0])
    written = ""
    try:
        for word in f"Você disse: {asked.text}".split():
            yield Token(f"{word} ")
            written += f"{word} "
            await asyncio.sleep(pause)
        if "breaks" in written:
            yield Failed(retry=True)
            return
        yield Citation(1, "Perguntas", "https://example.org/faq", "…")
        try:
            yield Done(await in_thread(_finish, conversation_id, asked.pk, written))
        except Conversation.DoesNotExist:  # erased: what leases.held calls lost
            yield Failed(retry=False)
    finally:
        await asyncio.shield(in_thread(_bill, conversation_id, len(written)))


def _asked(pk):
    later = Q(pk__gt=F("conversation__answered_through"))
    return Message.objects.filter(later, conversation=pk, author="person").last()


@transaction.atomic
def _finish(pk, through, text):
    found = Conversation.objects.select_for_update().get(pk=pk)
    answer = found.messages.create(
        author="agent",
        text=text,
        answers_through=through,
        delivery="sent",
        citations=[{"document": 1, "title": "Perguntas", "url": "https://example.org/faq"}],
    )
    Conversation.objects.filter(pk=pk).update(answered_through=through, answer_due_at=None)
    return answer.pk


def _bill(pk, tokens):
    Conversation.objects.filter(pk=pk).update(tokens_spent=tokens)


answers.run = run

from config.asgi import application  # noqa: E402, F401
