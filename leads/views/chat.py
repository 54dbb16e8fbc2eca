"""The web chat: a message in, an answer streamed out; and a stream that stays, for what comes later."""

import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers

from config import addresses
from config.api import TextField
from config.exception_handler import TooLarge
from config.idempotency import HEADER, PRINTABLE
from config.metrics.counts import STREAM_EVENTS
from leads import answering, streams
from leads.database import briefly
from leads.models import Message
from leads.services import web_chat
from leads.services.web_chat import Accepted, Visitor
from leads.streams import Entry, Reader, frame
from leads.streams.wire import UNFINISHED, encoded
from leads.views.streaming import event_stream, streamed

SCHEME = "Visitor"
BODY_MAX = 16 * 1024
MESSAGE_MAX = 2000
# A key that makes a first message the same visitor's must not be one that others come upon.
KEY_MIN = 16
# Seconds: of silence before a comment is sent; before an answer that stands still is asked about;
# and that a POST stays open at most.
HEARTBEAT = 15
SUSPICIOUS = 3
PATIENCE = 120
COMMENT = b": \n\n"


class NewMessage(serializers.Serializer[Any]):
    """Empty, it asks for a greeting. `id` names the message, as an Idempotency-Key does."""

    message = TextField(max_length=MESSAGE_MAX, allow_blank=True, default="")
    token = serializers.CharField(max_length=200, allow_null=True, default=None)
    conversation = serializers.UUIDField(allow_null=True, default=None)
    id = serializers.RegexField(PRINTABLE.pattern, max_length=128, allow_null=True, default=None)


class Feedback(serializers.Serializer[Any]):
    message = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    feedback = serializers.ChoiceField(Message.Feedback.choices)
    token = serializers.CharField(max_length=200, allow_null=True, default=None)


@streamed("POST")
async def say(request: HttpRequest) -> StreamingHttpResponse:
    """Say something, and read the answer as it is written."""
    given = _given(request, NewMessage)
    text, key = given["message"], _key(request, given)
    address = addresses.of(request)
    known = _visitor(request, given["token"])
    if given["conversation"] and (known is None or known.conversation != given["conversation"]):
        raise exceptions.NotFound
    visitor = known or _newcomer(address, key, text)
    if streams.hub().is_full_for(visitor.conversation):
        raise exceptions.Throttled(30)
    await briefly(web_chat.limit, visitor, address, is_new=known is None)
    cursor = await streams.hub().open(visitor.conversation)
    if not text:
        return event_stream(_greeting(visitor, cursor, web_chat.greeting()))
    accepted = await briefly(web_chat.accept, visitor, text, key=key)
    if accepted.is_unanswered:
        answering.begin(answering.Chat(accepted.conversation, visitor.conversation))
    return event_stream(_answer(visitor, cursor, accepted))


@streamed("GET")
async def events(request: HttpRequest, conversation: str) -> StreamingHttpResponse:
    """Follow a conversation for as long as one likes, from where one lost it."""
    visitor = _of(request, conversation, None)
    last = request.headers.get("Last-Event-ID", "")
    if streams.hub().is_full_for(visitor.conversation):
        raise exceptions.Throttled(30)
    here = await streams.hub().open(visitor.conversation)
    entry = await streams.hub().entry(visitor.conversation, last) if _is_place(last) else None
    return event_stream(_follow(visitor, here, entry, is_lost=bool(last) and entry is None))


@streamed("POST")
async def feedback(request: HttpRequest, conversation: str) -> HttpResponse:
    """Thumbs up or down for an answer."""
    given = _given(request, Feedback)
    visitor = _of(request, conversation, given["token"])
    await briefly(web_chat.limit, visitor, addresses.of(request), is_new=False)
    if not await briefly(web_chat.rate, visitor, given["message"], given["feedback"]):
        raise exceptions.NotFound
    return HttpResponse(status=204)


async def _greeting(visitor: Visitor, cursor: str, text: str) -> AsyncIterator[bytes]:
    yield _session(visitor, "agent", cursor)
    yield frame("token", encoded({"text": text}))
    yield frame("done", encoded({"message": None, "answers_through": None}))


async def _answer(visitor: Visitor, cursor: str, accepted: Accepted) -> AsyncIterator[bytes]:
    """What is said until the message has its answer; or that a person will answer it."""
    yield _session(visitor, accepted.state, cursor)
    if accepted.answer:
        for one in _repeated(accepted.answer):
            yield one
        return
    async with streams.hub().reader(visitor.conversation, cursor) as reader:
        if not accepted.is_unanswered:
            for entry in await reader.next(0):
                yield entry.frame
            yield frame("state", encoded({"state": accepted.state}))
            yield frame("done", encoded({"message": None, "answers_through": None}))
            return
        until = time.monotonic() + PATIENCE
        async for entry in _entries(reader, is_unfinished=True):
            if entry is None:
                yield COMMENT
            elif not entry.is_ours:
                yield entry.frame
                if _ends(entry, accepted.message):
                    return
            if time.monotonic() > until:
                yield frame("error", encoded(answering.BROKEN))
                return


async def _follow(
    visitor: Visitor, here: str, entry: Entry | None, *, is_lost: bool
) -> AsyncIterator[bytes]:
    state = await briefly(web_chat.state, visitor)
    fields = {"conversation": visitor.conversation, "state": state}
    yield frame("session", encoded(fields), "" if entry else here)
    if entry is None:
        said = await briefly(web_chat.history, visitor)
        yield frame("session_lost" if is_lost else "history", encoded({"messages": said}))
    is_unfinished = entry is not None and entry.event in UNFINISHED
    async with streams.hub().reader(visitor.conversation, entry.id if entry else here) as reader:
        async for one in _entries(reader, is_unfinished=is_unfinished):
            if one is None:
                yield COMMENT
            elif not one.is_ours:
                yield one.frame


async def _entries(reader: Reader, *, is_unfinished: bool) -> AsyncIterator[Entry | None]:
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
    if entry.event in ("done", "message"):
        return (entry.fields["answers_through"] or 0) >= message
    return entry.event == "state" and entry.fields["state"] != "agent"


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


def _given(request: HttpRequest, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > BODY_MAX or len(request.body) > BODY_MAX:
        raise TooLarge
    try:
        body = orjson.loads(request.body) if request.body.strip() else {}
    except orjson.JSONDecodeError as error:
        raise exceptions.ParseError(_("JSON parse error: %s") % error) from error
    checked = shape(data=body)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def _key(request: HttpRequest, given: dict[str, Any]) -> str:
    key = request.headers.get(HEADER) or given["id"] or ""
    if key and not PRINTABLE.fullmatch(key) or len(key) > 128:
        raise exceptions.ValidationError({HEADER: _("Give 1 to 128 printable ASCII characters.")})
    return key


def _newcomer(address: str, key: str, text: str) -> Visitor:
    if key and len(key) < KEY_MIN:
        raise exceptions.ValidationError(
            {HEADER: _("Give at least 16 characters with a first message, like a UUID.")}
        )
    return Visitor.new(address=address, key=key, text=text)


def _visitor(request: HttpRequest, token: str | None) -> Visitor | None:
    """Who holds the token of the header or the body; nobody without any. Never from an address."""
    scheme, _blank, held = request.headers.get("Authorization", "").partition(" ")
    token = held.strip() if scheme.lower() == SCHEME.lower() else token
    if not token:
        return None
    if (visitor := Visitor.holding(token)) is None:
        raise exceptions.AuthenticationFailed(_("This is no token of a visitor."))
    return visitor


def _of(request: HttpRequest, conversation: str, token: str | None) -> Visitor:
    """The visitor of this conversation; for all others it does not exist."""
    visitor = _visitor(request, token)
    if visitor is None:
        raise exceptions.NotAuthenticated
    if visitor.conversation != UUID(conversation):
        raise exceptions.NotFound
    return visitor


def _is_place(text: str) -> bool:
    milliseconds, _dash, number = text.partition("-")
    return all(
        part.isascii() and part.isdigit() and len(part) <= 16 for part in (milliseconds, number)
    )
