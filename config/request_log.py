"""One line for each request, and what the lines in between know of it."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.functional import LazyObject
from structlog.types import EventDict

from config.redaction import HIDDEN, is_secret

SANE_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
# Asked every few seconds by machines; only their troubles are news.
QUIET_PATHS = re.compile(r"/(api/)?(health|healthz|readiness|liveness|metrics)/?")
logger = logging.getLogger("mutirao.requests")
_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)


class Line(dict[str, Any]):
    """A message that is whole already, and has only to be redacted and written."""


def add_user(logger: Any, method: str, event: EventDict) -> EventDict:
    """Add who sends the request, as a step of structlog."""
    if (user_id := current_user_id()) is not None:
        event["user_id"] = user_id
    return event


def current_user_id() -> int | None:
    """Who sends the request being answered, as far as that is known without asking the database.

    Looked up at each line, because REST framework authenticates late.
    """
    if (request := _request.get()) is None:
        return None
    user = request.__dict__.get("user")
    if isinstance(user, LazyObject):
        user = request.__dict__.get("_cached_user")
    return getattr(user, "pk", None)


def request_line(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Give each request an id, said in the answer and in every line, and one line at its end."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if SANE_ID.fullmatch(given) else uuid.uuid4().hex
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        token = _request.set(request)
        began = time.perf_counter()
        try:
            response = get_response(request)
            response.headers["X-Request-ID"] = request_id
            if response.status_code >= 400 or not QUIET_PATHS.fullmatch(request.path):
                _log(request, response, time.perf_counter() - began)
        finally:
            _request.reset(token)
            structlog.contextvars.clear_contextvars()
        return response

    return middleware


def _log(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    line = Line(
        event="request_finished",
        method=request.method,
        path=_path(request),
        status=response.status_code,
        duration_ms=round(seconds * 1000, 1),
        request_id=response.headers["X-Request-ID"],
        logger=logger.name,
        level="info",
        timestamp=datetime.now(UTC).isoformat().replace("+00:00", "Z"),
    )
    logger.info(add_user(logger, "info", line))
    response._has_been_logged = True  # type: ignore[attr-defined]  # or Django says it again


def is_hidden(name: str) -> bool:
    """Whether what a route takes by this name stands in no log."""
    return is_secret(name) or name in ("code", "key")


def _path(request: HttpRequest) -> str:
    """The path without its query, and without what a route calls a token or a code."""
    path = request.path
    if request.resolver_match:
        for name, value in request.resolver_match.kwargs.items():
            if is_hidden(name):
                path = path.replace(str(value), HIDDEN)
    return path
