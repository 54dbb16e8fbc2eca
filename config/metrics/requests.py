"""Counts requests."""

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware

from config.metrics import pool
from config.metrics.counts import ACTIVE_REQUESTS, REQUEST_SECONDS, REQUESTS

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
OTHER_METHOD = "other"  # also one that the route does not take
# Files, and addresses that lead nowhere: anyone can invent more of them.
NO_ROUTE = "none"


@sync_and_async_middleware
def counted(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Count each request by method, route and class of status; until its answer begins, as active.

    How long a stream then stays open is none of it: config.metrics.counts.OPEN_STREAMS.
    """
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            began = time.perf_counter()
            with ACTIVE_REQUESTS.track_inprogress():
                response = await get_response(request)
            _count(request, response.status_code, time.perf_counter() - began)
            return response

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        with ACTIVE_REQUESTS.track_inprogress():
            response = get_response(request)
        _count(request, response.status_code, time.perf_counter() - began)
        return response

    return in_thread


def _count(request: HttpRequest, status: int, seconds: float) -> None:
    is_known = request.method in METHODS and status != HTTPStatus.METHOD_NOT_ALLOWED
    method = request.method if is_known else OTHER_METHOD
    route = request.resolver_match.route if request.resolver_match else NO_ROUTE
    REQUESTS.labels(method, route, f"{status // 100}xx").inc()
    REQUEST_SECONDS.labels(method, route).observe(seconds)
    pool.tell()
