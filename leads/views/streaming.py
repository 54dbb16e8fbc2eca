"""Views of the event loop: refusals in the shape of the API, streams in that of browsers."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import wraps
from typing import Any

from asgiref.sync import SyncToAsync, sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError, connections
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.csrf import csrf_exempt
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.views import APIView

from config.errors import DependencyAway, DomainError
from config.exception_handler import ExceptionHandler
from config.formats import OrjsonRenderer

View = Callable[..., Awaitable[Any]]
REFUSED = (exceptions.APIException, DomainError)
AWAY = (RedisError, OperationalError, InterfaceError)


def streamed(method: str, *, refusals: Sequence[str]) -> Callable[[View], Any]:
    """Make a view of the stream service of a function that takes one method.

    The schema tells of it, with the refusals that it may answer.
    """

    def decorate(view: View) -> Any:
        @csrf_exempt  # no cookie says who chats
        @wraps(view)
        async def served(
            request: HttpRequest, **kwargs: Any
        ) -> HttpResponse | StreamingHttpResponse:
            try:
                _require(request, method)
                response = await view(request, **kwargs)
            except REFUSED as error:
                return refusal(error)
            except AWAY:
                return refusal(DependencyAway("streams"))
            if request.COOKIES:
                # Somebody signed in to the admin was looked up, in the thread of this request:
                # it would keep its connection as long as the stream.
                await sync_to_async(connections.close_all)()
            return response

        # The schema is made of REST framework's views only, which these cannot be.
        served.cls = _described(view, method, refusals)  # type: ignore[attr-defined]
        served.initkwargs = {}  # type: ignore[attr-defined]
        return served

    return decorate


def _described(view: View, method: str, refusals: Sequence[str]) -> type[APIView]:
    fields = {method.lower(): view, "refusals": refusals, "__doc__": view.__doc__}
    return type(f"{view.__name__.title()}View", (APIView,), fields)


def event_stream(frames: AsyncGenerator[bytes]) -> StreamingHttpResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(
        _without_thread(frames), content_type="text/event-stream", headers=headers
    )


async def _without_thread(frames: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    """Django keeps the thread of a request's middlewares until its end: of a stream, for hours."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context and (executor := SyncToAsync.context_to_thread_executor.pop(context, None)):
        executor.shutdown(wait=False)
    async with aclosing(frames):
        async for one in frames:
            yield one


def refusal(error: Exception) -> HttpResponse:
    nowhere: Any = {"view": None, "args": (), "kwargs": {}, "request": None}
    handled = ExceptionHandler(error, nowhere).run()
    assert handled is not None  # noqa: S101  # what is refused is always handled
    headers = {**handled.headers, "Content-Type": "application/json"}
    body = OrjsonRenderer().render(handled.data)
    return HttpResponse(body, status=handled.status_code, headers=headers)


def _require(request: HttpRequest, method: str) -> None:
    if request.method != method:
        raise exceptions.MethodNotAllowed(str(request.method))
    # A thread would be held as long as the stream; nginx sends nobody there.
    if not isinstance(request, ASGIRequest):
        raise DependencyAway("streams")
