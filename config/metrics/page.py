"""The page of a web replica that Prometheus reads."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from config import addresses
from config.metrics import counts
from config.metrics.shared import LastBackup, Shared

PATHS = ("/metrics", "/metrics/")
told = CollectorRegistry()
for collector in (counts.collector(), Shared(), LastBackup()):
    told.register(collector)


def page(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer /metrics to the networks of METRICS_ALLOWED; for all others it does not exist.

    Not among the routes, because monitoring asks a replica by its address, which is none of
    ALLOWED_HOSTS; and before requests are counted, of which this is none.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path_info in PATHS and request.method == "GET" and _is_allowed(request):
            headers = {"Cache-Control": "no-store"}
            return HttpResponse(generate_latest(told), CONTENT_TYPE_LATEST, headers=headers)
        return get_response(request)

    return middleware


def _is_allowed(request: HttpRequest) -> bool:
    # Whoever comes by a proxy is not monitoring, even if the proxy is on this machine.
    is_direct = "X-Forwarded-For" not in request.headers
    return is_direct and addresses.is_in(addresses.of(request), settings.METRICS_ALLOWED)
