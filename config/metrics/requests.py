"""Counts requests."""

import time
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from config.metrics import pool
from config.metrics.counts import ACTIVE_REQUESTS, REQUEST_SECONDS, REQUESTS

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
OTHER_METHOD = "other"  # also one that the route does not take
# Files, and addresses that lead nowhere: anyone can invent more of them.
NO_ROUTE = "none"


def counted(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Count each request by method, route and class of status; while it lasts, as active."""

    def middleware(request: HttpRequest) -> HttpResponse:
        ACTIVE_REQUESTS.inc()
        began = time.perf_counter()
        try:
            response = get_response(request)
        finally:
            ACTIVE_REQUESTS.dec()
        _count(request, response.status_code, time.perf_counter() - began)
        pool.tell()
        return response

    return middleware


def _count(request: HttpRequest, status: int, seconds: float) -> None:
    is_known = request.method in METHODS and status != HTTPStatus.METHOD_NOT_ALLOWED
    method = request.method if is_known else OTHER_METHOD
    route = request.resolver_match.route if request.resolver_match else NO_ROUTE
    REQUESTS.labels(method, route, f"{status // 100}xx").inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)
