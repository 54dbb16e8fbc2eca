"""How the schema describes the web chat: what is sent, and each event that comes back."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from config.schema import HEADER, IDEMPOTENCY_KEY

STREAM = (200, "text/event-stream")
# By name: the fields of its data, which is JSON, and what it means.
EVENTS = {
    "session": ("conversation, token, state", "Always first; only a POST tells the token."),
    "token": ("text", "The next piece of the answer."),
    "citation": ("number, document, title, url, quote", "Where the answer comes from."),
    "action": ("name, details", "What follows, like a person who takes over."),
    "done": ("message, answers_through", "The answer is whole; null: none is due."),
    "message": (
        "id, author, text, citations, action, answers_through, sent_at, state",
        "Something said as a whole. It may come twice, with the same id.",
    ),
    "state": ("state", "Who answers from now on: agent, waiting, staff, closed."),
    "history": ("messages", "The last 50, to who comes without a Last-Event-ID."),
    "session_lost": ("messages", "The same, when what followed that id is not kept."),
    "error": ("code, retry", "The answer broke off; with retry it may be asked for again."),
}
OF_ANSWERS = ("session", "token", "citation", "action", "done", "message", "state", "error")
# drf-spectacular takes what OpenAPI does, and says it takes names only.
NOBODY: Any = {}
OF_VISITORS: Any = {"visitor": []}
OF_USERS: Any = {"token": []}
PLACE = OpenApiParameter(
    "Last-Event-ID", str, HEADER, description="The last id that was seen: what followed comes."
)
ANSWERED = """\
id: 1795680000000-0
event: session
data: {"conversation":"6f1c…","token":"6f1c…","state":"agent"}

id: 1795680000031-0
event: token
data: {"text":"Encontrei isto: "}

event: done
data: {"message":71,"answers_through":70}

"""
FOLLOWED = """\
event: session
data: {"conversation":"6f1c…","state":"staff"}

id: 1795680000044-0
event: message
data: {"id":72,"author":"staff","text":"Pode sim!","citations":[],"state":"staff"}

"""


def _stream(names: tuple[str, ...], example: str) -> dict[tuple[int, str], OpenApiResponse]:
    rows = ("- `{}` ({}): {}".format(name, *EVENTS[name]) for name in names)
    text = "\n".join(["Server-sent events; in silence a comment every 15 s.", "", *rows])
    told = OpenApiExample("events", example, response_only=True, media_type=STREAM[1])
    return {STREAM: OpenApiResponse(str, text, [told])}


def says(shape: Any) -> Any:
    example = {"message": "Como participo?", "token": None, "conversation": None, "id": None}
    return extend_schema(
        request=shape,
        responses=_stream(OF_ANSWERS, ANSWERED),
        parameters=[IDEMPOTENCY_KEY],
        examples=[OpenApiExample("message", example, request_only=True)],
        auth=[NOBODY, OF_VISITORS, OF_USERS],
    )


follows = extend_schema(
    responses=_stream(tuple(EVENTS), FOLLOWED), parameters=[PLACE], auth=[OF_VISITORS]
)


def rates(shape: Any) -> Any:
    example = {"message": 71, "feedback": "up", "token": None}
    return extend_schema(
        request=shape,
        responses={204: None},
        examples=[OpenApiExample("thumb", example, request_only=True)],
        auth=[NOBODY, OF_VISITORS],
    )
