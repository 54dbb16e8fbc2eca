"""What the web chat's streams say, event by event."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from config.metrics.counts import STREAM_EVENTS
from leads import answering, streams
from leads.services import web_chat
from leads.services.web_chat import Accepted, Visitor
from leads.streams import Entry, Reader, frame
from leads.streams.wire import UNFINISHED, encoded
from leads.threads import in_thread

# Seconds: of silence before a comment is sent; before an answer that stands still is asked about;
# and that a POST stays open at most.
HEARTBEAT = 15
SUSPICIOUS = 3
PATIENCE = 120
COMMENT = b": \n\n"


async def greeting(visitor: Visitor, cursor: str, text: str) -> AsyncGenerator[bytes]:
    yield _session(visitor, "agent", cursor)
    yield frame("token", encoded({"text": text}))
    yield frame("done", encoded({"message": None, "answers_through": None}))


async def answer(
    visitor: Visitor, cursor: str, place: str, accepted: Accepted
) -> AsyncGenerator[bytes]:
    """What is said until the message has its answer; or that a person will answer it."""
    yield _session(visitor, accepted.state, cursor)
    async with streams.hub().reader(visitor.conversation, cursor, place, may_stay=True) as reader:
        if accepted.answer:
            for one in _repeated(accepted.answer):
                yield one
            return
        told = _until_answered if accepted.is_unanswered else _without_answer
        async with aclosing(told(reader, accepted)) as frames:
            async for one in frames:
                yield one


async def _until_answered(reader: Reader, accepted: Accepted) -> AsyncGenerator[bytes]:
    until = time.monotonic() + PATIENCE
    async with aclosing(_entries(reader, is_unfinished=True)) as entries:
        async for entry in entries:
            if entry is None or not entry.is_ours:
                yield entry.frame if entry else COMMENT
            if entry and _ends(entry, accepted.message):
                return
            if time.monotonic() > until:
                break
    yield frame("error", encoded(answering.BROKEN))


async def _without_answer(reader: Reader, accepted: Accepted) -> AsyncGenerator[bytes]:
    """A person will answer; or what the message said was an order, and is confirmed."""
    for entry in await reader.next(0):
        if not entry.is_ours:
            yield entry.frame
    yield frame("state", encoded({"state": accepted.state}))
    yield frame("done", encoded({"message": None, "answers_through": None}))


async def follow(
    visitor: Visitor, here: str, place: str, entry: Entry | None, *, is_lost: bool
) -> AsyncGenerator[bytes]:
    state = await in_thread(web_chat.state, visitor)
    fields = {"conversation": visitor.conversation, "state": state}
    yield frame("session", encoded(fields), "" if entry else here)
    if entry is None:
        said = await in_thread(web_chat.history, visitor)
        yield frame("session_lost" if is_lost else "history", encoded({"messages": said}))
    is_unfinished = entry is not None and entry.event in UNFINISHED
    cursor = entry.id if entry else here
    async with (
        streams.hub().reader(visitor.conversation, cursor, place) as reader,
        aclosing(_entries(reader, is_unfinished=is_unfinished)) as entries,
    ):
        async for one in entries:
            if one is None or not one.is_ours:
                yield one.frame if one else COMMENT


async def _entries(reader: Reader, *, is_unfinished: bool) -> AsyncGenerator[Entry | None]:
    """Each entry as it comes; None when it is time for a sign of life. Ends with the process.

    Whoever waits for an answer that stands still asks whether anybody is at it.
    """
    last, silent_since = reader.cursor, time.monotonic()
    while not reader.is_ended:
        found = await reader.next(SUSPICIOUS if is_unfinished else HEARTBEAT)
        for entry in found:
            is_unfinished = _is_unfinished(entry, is_unfinished)
            STREAM_EVENTS.labels(entry.event).inc()
            with reader.sending():
                yield entry
        if found:
            last, silent_since = found[-1].id, time.monotonic()
            continue
        if is_unfinished and not answering.is_running(reader.conversation):
            await streams.hub().break_off(reader.conversation, last, answering.BROKEN)
        if time.monotonic() - silent_since >= HEARTBEAT:
            silent_since = time.monotonic()
            with reader.sending():
                yield None


def _is_unfinished(entry: Entry, was: bool) -> bool:
    if entry.event in UNFINISHED:
        return True
    return was and entry.event not in ("done", "error")


def _ends(entry: Entry, message: int) -> bool:
    """Whether a message has had its answer now, or will have none."""
    if entry.event == "error":
        return True
    is_answer = entry.event in ("done", "message")
    return is_answer and (entry.fields["answers_through"] or 0) >= message


def _session(visitor: Visitor, state: str, cursor: str) -> bytes:
    fields = {"conversation": visitor.conversation, "token": visitor.token, "state": state}
    return frame("session", encoded(fields), cursor)


def _repeated(answer: dict[str, Any]) -> list[bytes]:
    """An answer that was given before, in the same events."""
    through = {"message": answer["id"], "answers_through": answer["answers_through"]}
    return [
        frame("token", encoded({"text": answer["text"]})),
        *(frame("citation", encoded(citation)) for citation in answer["citations"]),
        frame("done", encoded(through)),
    ]
