"""Refusals outside the views: JSON in the usual shape under /api, a small page elsewhere."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

Page = Callable[..., HttpResponse]


class BadRequest(exceptions.APIException):
    """What Django refuses before any view sees it: a wrong Host, a broken form."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "bad_request"
    default_detail = _("The request cannot be understood.")


def _page_for(error_class: type[exceptions.APIException]) -> Page:
    def page(request: HttpRequest, *reason: object, **more: object) -> HttpResponse:
        error = error_class()
        if f"{request.path_info}/".startswith("/api/"):
            return _json(error)
        context = {"detail": error.detail}
        return render(request, "error.html", context, status=error.status_code)

    return page


def _json(error: exceptions.APIException) -> HttpResponse:
    kind = "server_error" if error.status_code >= 500 else "client_error"
    one: dict[str, Any] = {"code": error.get_codes(), "detail": str(error.detail), "attr": None}
    content = orjson.dumps({"type": kind, "errors": [one]})
    return HttpResponse(content, "application/json", error.status_code)


class Unavailable(exceptions.APIException):
    """Something that the page needs is away."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "unavailable"
    default_detail = _("This is not available right now. Please try again.")


bad_request = _page_for(BadRequest)
permission_denied = _page_for(exceptions.PermissionDenied)
not_found = _page_for(exceptions.NotFound)
unavailable = _page_for(Unavailable)
server_error = _page_for(exceptions.APIException)
