"""What every request passes by, beside Django's own."""

from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from config import error_pages
from config.errors import DependencyAway

GetResponse = Callable[[HttpRequest], HttpResponse]


def optional_slash(get_response: GetResponse) -> GetResponse:
    """Serve a path of the API with or without its trailing slash, also for POST."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if f"{request.path_info}/".startswith("/api/") and not request.path_info.endswith("/"):
            request.path_info += "/"
            request.path += "/"
        return get_response(request)

    return middleware


def answer_headers(get_response: GetResponse) -> GetResponse:
    """Set the headers that Django leaves out, also on its errors.

    They are the content policy of the path, the XSS filter of old browsers, and that
    no cache may keep what was answered to a token.
    """
    policies = settings.CONTENT_SECURITY_POLICIES

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        start = next(start for start in policies if request.path_info.startswith(start))
        response.headers["Content-Security-Policy"] = policies[start]
        response.headers["X-XSS-Protection"] = "1; mode=block"
        if "Authorization" in request.headers:
            response.headers["Cache-Control"] = "private, no-store"
        return response

    return middleware


def away_is_503(get_response: GetResponse) -> GetResponse:
    """Answer 503 where a page, like those of the admin, needs what is away; the API has its own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, OperationalError | InterfaceError | DependencyAway):
            return None
        response = error_pages.unavailable(request)
        response.headers["Retry-After"] = "5"
        return response

    middleware.process_exception = process_exception  # type: ignore[attr-defined]
    return middleware
