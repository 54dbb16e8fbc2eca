"""What every request passes by, beside Django's own."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from config import error_pages
from config.errors import DependencyAway

# Of the stream service each awaits what it returns; the others are called. Both pass by here.
GetResponse = Callable[[HttpRequest], Any]
Nothing = Callable[[HttpRequest], None]
Change = Callable[[HttpRequest, HttpResponse], None]


def around(get_response: GetResponse, *, before: Nothing | None, after: Change | None) -> Any:
    """A middleware that does something before and after, in threads and in an event loop alike."""

    def begin(request: HttpRequest) -> None:
        if before:
            before(request)

    def end(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if after:
            after(request, response)
        return response

    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            begin(request)
            return end(request, await get_response(request))

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        begin(request)
        return end(request, get_response(request))

    return in_thread


@sync_and_async_middleware
def optional_slash(get_response: GetResponse) -> Any:
    """Serve a path of the API with or without its trailing slash, also for POST."""

    def add(request: HttpRequest) -> None:
        if f"{request.path_info}/".startswith("/api/") and not request.path_info.endswith("/"):
            request.path_info += "/"
            request.path += "/"

    return around(get_response, before=add, after=None)


@sync_and_async_middleware
def answer_headers(get_response: GetResponse) -> Any:
    """Set the headers that Django leaves out, also on its errors.

    They are the content policy of the path, the XSS filter of old browsers, and that
    no cache may keep what was answered to a token.
    """
    policies = settings.CONTENT_SECURITY_POLICIES

    def add(request: HttpRequest, response: HttpResponse) -> None:
        start = next(start for start in policies if request.path_info.startswith(start))
        response.headers["Content-Security-Policy"] = policies[start]
        response.headers["X-XSS-Protection"] = "1; mode=block"
        if "Authorization" in request.headers:
            response.headers["Cache-Control"] = "private, no-store"

    return around(get_response, before=None, after=add)


@sync_and_async_middleware
def away_is_503(get_response: GetResponse) -> Any:
    """Answer 503 where a page, like those of the admin, needs what is away; the API has its own."""
    middleware = around(get_response, before=None, after=None)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError | DependencyAway):
            return None
        response = error_pages.unavailable(request)
        response.headers["Retry-After"] = "5"
        return response

    middleware.process_exception = process_exception
    return middleware
