"""The page of a web replica that Prometheus reads."""

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import sync_and_async_middleware
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from config import addresses
from config.metrics import counts
from config.metrics.shared import LastBackup, Shared

PATHS = ("/metrics", "/metrics/")
told = CollectorRegistry()
for collector in (counts.collector(), Shared(), LastBackup()):
    told.register(collector)


@sync_and_async_middleware
def page(get_response: Callable[[HttpRequest], Any]) -> Callable[..., Any]:
    """Answer /metrics to the networks of METRICS_ALLOWED; for all others it does not exist.

    Not among the routes, because monitoring asks a replica by its address, which is none of
    ALLOWED_HOSTS; and before requests are counted, of which this is none.
    """
    if iscoroutinefunction(get_response):

        async def in_loop(request: HttpRequest) -> HttpResponse:
            if _is_asked(request):
                return await sync_to_async(
                    _page, thread_sensitive=False
                )()  # it may wait for others
            return await get_response(request)

        return in_loop

    def in_thread(request: HttpRequest) -> HttpResponse:
        return _page() if _is_asked(request) else get_response(request)

    return in_thread


def _page() -> HttpResponse:
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(generate_latest(told), CONTENT_TYPE_LATEST, headers=headers)


def _is_asked(request: HttpRequest) -> bool:
    return request.path_info in PATHS and request.method == "GET" and _is_allowed(request)


def _is_allowed(request: HttpRequest) -> bool:
    # Whoever comes by a proxy is not monitoring, even if the proxy is on this machine.
    is_direct = "X-Forwarded-For" not in request.headers
    return is_direct and addresses.is_in(addresses.of(request), settings.METRICS_ALLOWED)
