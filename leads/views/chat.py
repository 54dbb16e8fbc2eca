"""The web chat: a message in, an answer streamed out; and a stream that stays, for what follows."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, serializers

from config import addresses
from config.api import TextField
from config.exception_handler import TooLarge
from config.formats import parsed
from config.idempotency import HEADER, PRINTABLE
from leads import answering, streams
from leads.models import Message
from leads.services import web_chat
from leads.services.web_chat import Visitor
from leads.threads import in_thread
from leads.views import chat_schema, chat_streams
from leads.views.streaming import event_stream, streamed
from users.authentication import signed_in
from users.models import User

SCHEME = "Visitor"
BODY_MAX = 16 * 1024
MESSAGE_MAX = 2000
# A key that makes a first message the same visitor's must not be one that others come upon.
KEY_MIN = 16


class NewMessage(serializers.Serializer[Any]):
    """Empty, it asks for a greeting. `id` names the message, as an Idempotency-Key does."""

    message = TextField(max_length=MESSAGE_MAX, allow_blank=True, default="")
    token = serializers.CharField(max_length=200, allow_null=True, default=None)
    conversation = serializers.UUIDField(allow_null=True, default=None)
    id = serializers.RegexField(PRINTABLE.pattern, max_length=128, allow_null=True, default=None)


class Feedback(serializers.Serializer[Any]):
    message = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    feedback = serializers.ChoiceField(Message.Feedback.choices, allow_blank=True)
    token = serializers.CharField(max_length=200, allow_null=True, default=None)


@streamed("POST", refusals=["400", "401", "404", "409", "413", "429", "503"])
@chat_schema.says(NewMessage)
async def say(request: HttpRequest) -> StreamingHttpResponse:
    """Say something, and read the answer as it is written."""
    given = _given(request, NewMessage)
    text, key = given["message"], _key(request, given)
    address = addresses.of(request)
    known = _visitor(request, given["token"])
    if given["conversation"] and (known is None or known.conversation != given["conversation"]):
        raise exceptions.NotFound
    visitor = known or _newcomer(address, key, text)
    user = await in_thread(_admitted, request, visitor, address, is_new=known is None)
    if not text:
        cursor = await streams.hub().open(visitor.conversation)
        return event_stream(chat_streams.greeting(visitor, cursor, web_chat.greeting()))
    cursor, place = await streams.hub().admit(visitor.conversation)
    accepted = await in_thread(web_chat.accept, visitor, text, key=key, user=user)
    if accepted.is_unanswered:
        answering.begin(answering.Chat(accepted.conversation, visitor.conversation))
    return event_stream(chat_streams.answer(visitor, cursor, place, accepted))


@streamed("GET", refusals=["401", "404", "429", "503"])
@chat_schema.follows
async def events(request: HttpRequest, conversation: str) -> StreamingHttpResponse:
    """Follow a conversation for as long as one likes, from where one lost it."""
    visitor = _of(request, conversation, None)
    last = request.headers.get("Last-Event-ID", "")
    here, place = await streams.hub().admit(visitor.conversation)
    entry = await streams.hub().entry(visitor.conversation, last) if _is_place(last) else None
    return event_stream(
        chat_streams.follow(visitor, here, place, entry, is_lost=bool(last) and entry is None)
    )


@streamed("POST", refusals=["400", "401", "404", "413", "429", "503"])
@chat_schema.rates(Feedback)
async def feedback(request: HttpRequest, conversation: str) -> HttpResponse:
    """Thumbs up or down for an answer; nothing takes it back."""
    given = _given(request, Feedback)
    visitor = _of(request, conversation, given["token"])
    await in_thread(web_chat.limit, visitor, addresses.of(request), is_new=False)
    if not await in_thread(web_chat.rate, visitor, given["message"], given["feedback"]):
        raise exceptions.NotFound
    return HttpResponse(status=204)


def _given(request: HttpRequest, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    if int(request.headers.get("Content-Length") or 0) > BODY_MAX or len(request.body) > BODY_MAX:
        raise TooLarge
    body = parsed(request.body) if request.body.strip() else {}
    checked = shape(data=body)
    checked.is_valid(raise_exception=True)
    return checked.validated_data


def _key(request: HttpRequest, given: dict[str, Any]) -> str:
    key = request.headers.get(HEADER) or given["id"] or ""
    if key and not PRINTABLE.fullmatch(key) or len(key) > 128:
        raise exceptions.ValidationError({HEADER: _("Give 1 to 128 printable ASCII characters.")})
    return key


def _admitted(request: HttpRequest, visitor: Visitor, address: str, *, is_new: bool) -> User | None:
    """Who is signed in, if anybody is; refuses who goes too fast, and tokens that do not hold."""
    web_chat.limit(visitor, address, is_new=is_new)
    return signed_in(request)


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
