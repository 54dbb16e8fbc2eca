"""The port of a worker or of beat that Prometheus reads. Connected when Django is ready."""

import threading
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from celery import signals
from django.conf import settings
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from config import addresses
from config.metrics import counts
from config.metrics.shared import LastBackup


class Server(ThreadingWSGIServer):
    """Hangs up on whoever is in none of the networks of METRICS_ALLOWED."""

    def verify_request(self, request: Any, client_address: Any) -> bool:
        return addresses.is_in(client_address[0], settings.METRICS_ALLOWED)


class Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Monitoring that reads is no news."""


@signals.worker_ready.connect
@signals.beat_init.connect
def serve(**program: Any) -> None:
    """Tell what this program and its children counted, if METRICS_PORT is set.

    A port that is taken is logged by Celery, and the work goes on.
    """
    if not settings.METRICS_PORT:
        return
    told = CollectorRegistry()
    for collector in (counts.collector(), LastBackup()):
        told.register(collector)
    # On all addresses of the container, which publishes none of its ports.
    app = make_wsgi_app(told)
    server = make_server("0.0.0.0", settings.METRICS_PORT, app, Server, Handler)  # noqa: S104
    threading.Thread(target=server.serve_forever, daemon=True).start()
