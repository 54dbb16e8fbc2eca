"""What every request passes by, beside Django's own."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

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
