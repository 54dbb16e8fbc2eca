"""Answers that are written to streams: by one task of one process for each conversation.

A task outlives the request that began it. It ends when all is answered, or when nobody reads.
"""

import asyncio
import contextlib
import contextvars
import logging
import uuid
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError

from config.metrics.counts import ANSWERING
from leads import streams
from leads.models import Conversation, Message
from leads.services import answers
from leads.streams import wire
from leads.threads import in_thread

logger = logging.getLogger(__name__)
BEAT = 1.0
# What readers are told when an answer does not come to its end: the message is stored, and
# whoever sends it again gets one answer.
Trouble = dict[str, Any] | None
BROKEN: Trouble = {"code": "interrupted", "retry": True}
_running: dict[UUID, "asyncio.Task[None]"] = {}
_again: set[UUID] = set()


@dataclass(frozen=True)
class Chat:
    """A conversation that is stored: its row, and its name in streams."""

    pk: int
    conversation: UUID


def begin(chat: Chat) -> None:
    """See to it that all that was written is answered, by this process or by who is at it."""
    _again.add(chat.conversation)
    if chat.conversation in _running:
        return
    # In a context of its own: that of the request ends with it.
    task = asyncio.get_running_loop().create_task(_run(chat), context=contextvars.Context())
    _running[chat.conversation] = task


def is_running(conversation: UUID) -> bool:
    """Whether this process is at it."""
    return conversation in _running


async def _run(chat: Chat) -> None:
    try:
        is_first = True  # then it is owed, as who began this has seen
        while chat.conversation in _again:
            _again.discard(chat.conversation)
            is_owed = is_first or await in_thread(is_unanswered, chat.pk)
            await _answer_all(chat, is_owed=is_owed)
            is_first = False
    except (RedisError, OSError) as error:
        logger.warning("Streams: an answer was left to the workers (%s).", type(error).__name__)
    finally:
        _again.discard(chat.conversation)
        del _running[chat.conversation]


async def _answer_all(chat: Chat, *, is_owed: bool) -> None:
    """Claim it, answer, and look again after letting go: who came meanwhile found it claimed."""
    while is_owed:
        if not (claim := await _claim(chat)):
            return
        try:
            with ANSWERING.track_inprogress():
                trouble = await _answer(chat, claim)
        finally:
            await asyncio.shield(_release(chat, claim))
        if trouble:
            await streams.hub().write(chat.conversation, "error", trouble)
            if not await in_thread(_is_there, chat.pk):
                await streams.hub().forget(chat.conversation)  # erased while it was answered
            return
        is_owed = await in_thread(is_unanswered, chat.pk)


def is_unanswered(pk: int) -> bool:
    """Whether the assistant owes an answer."""
    found = Conversation.objects.filter(pk=pk, state=Conversation.State.AGENT)
    if (conversation := found.first()) is None:
        return False
    asked = conversation.messages.filter(
        author=Message.Author.PERSON, pk__gt=conversation.answered_through
    )
    return asked.exists()


def _is_there(pk: int) -> bool:
    return Conversation.objects.filter(pk=pk).exists()


async def _answer(chat: Chat, claim: str) -> Trouble:
    """Write one answer to the stream; give up, and pay for what there is, when nobody reads it."""
    work = asyncio.get_running_loop().create_task(_write(chat))
    try:
        while not (await asyncio.wait({work}, timeout=BEAT))[0]:
            if not await _has_reader(chat, claim):
                return BROKEN
        return work.result()
    finally:
        work.cancel()
        await asyncio.wait({work})


async def _write(chat: Chat) -> Trouble:
    """Nothing, if it came to its end."""
    hub, trouble = streams.hub(), BROKEN
    await hub.write(chat.conversation, wire.BEGUN, {})
    async with aclosing(answers.run(chat.pk, streaming=True)) as events:
        async for event in events:
            name, fields = wire.event_fields(event)
            if name == "error":
                return {"code": "failed", **fields}
            if name == "done":
                trouble, fields = None, await in_thread(_done_fields, fields["message_id"], chat.pk)
            await hub.write(chat.conversation, name, fields)
    if trouble and not await in_thread(is_unanswered, chat.pk):
        # Somebody else was quicker: between our look and our claim.
        trouble = None
        await hub.write(chat.conversation, "done", await in_thread(_done_fields, None, chat.pk))
    return trouble


def _done_fields(message_id: int | None, pk: int) -> dict[str, Any]:
    """With the last message that is answered: readers who wrote later wait for another one."""
    answers = Message.objects.filter(conversation=pk, answers_through__isnull=False)
    if message_id:
        answers = answers.filter(pk=message_id)
    latest = answers.order_by("-answers_through").values_list("pk", "answers_through").first()
    message, through = latest or (message_id, None)
    return {"message": message, "answers_through": through}


async def _claim(chat: Chat) -> str:
    """A name for our claim; none while another process has one."""
    claim = uuid.uuid4().hex
    key = wire.answering_key(chat.conversation)
    is_ours = await streams.hub().redis.set(key, claim, nx=True, ex=wire.ALIVE)
    return claim if is_ours else ""


async def _release(chat: Chat, claim: str) -> None:
    with contextlib.suppress(RedisError):  # it runs out by itself
        await streams.hub().run(wire.RELEASE, [wire.answering_key(chat.conversation)], claim)


async def _has_reader(chat: Chat, claim: str) -> bool:
    """Say that we are at it, and ask whether anybody reads; without the broker, go on."""
    try:
        async with streams.hub().redis.pipeline(transaction=False) as pipe:
            pipe.set(wire.answering_key(chat.conversation), claim, ex=wire.ALIVE)
            pipe.exists(wire.presence_key(chat.conversation))
            return bool((await pipe.execute())[1])
    except RedisError:
        return True
