"""The health endpoints: plain Django views, so that they cost next to nothing."""

import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from config.health import checks
from config.health.probes import Probe, Status, ask

STARTED = time.monotonic()
DATABASE = Probe("database", checks.database)
CACHE = Probe("cache", checks.cache)
BROKER = Probe("broker", checks.broker)
STORAGE = Probe("storage", checks.storage)
# Nothing that may be away: without a breaker a replica is ready as soon as the last one ran.
MIGRATIONS = Probe("migrations", checks.migrations, has_breaker=False)
SYSTEM = (DATABASE, CACHE, BROKER, STORAGE)
REPLICA = (DATABASE, CACHE, BROKER, MIGRATIONS)


@csrf_exempt  # which would refuse other methods first, and with a page
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """The whole system."""
    is_up, services = _ask(SYSTEM)
    return _json(
        {
            "status": "healthy" if is_up else "unhealthy",
            "timestamp": datetime.now(UTC),
            "version": settings.VERSION,
            "uptime": int(time.monotonic() - STARTED),
            "services": services,
        },
        is_up,
    )


@csrf_exempt
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    is_up, _ = _ask(SYSTEM)
    return _answer(b"healthy" if is_up else b"unhealthy", "text/plain", is_up)


@csrf_exempt
@require_safe
def readiness(request: HttpRequest) -> HttpResponse:
    """Whether this replica can answer requests."""
    is_up, services = _ask(REPLICA)
    return _json({"status": "ready" if is_up else "not_ready", "services": services}, is_up)


@csrf_exempt
@require_safe
def liveness(request: HttpRequest) -> HttpResponse:
    """That this process answers at all; it asks nobody."""
    return _json({"status": "alive"}, True)


def _ask(probes: tuple[Probe, ...]) -> tuple[bool, dict[str, Any]]:
    results = ask(probes)
    is_up = all(result.status is not Status.DOWN for result in results.values())
    return is_up, {name: result.as_json() for name, result in results.items()}


def _json(body: dict[str, Any], is_up: bool) -> HttpResponse:
    return _answer(orjson.dumps(body, option=orjson.OPT_UTC_Z), "application/json", is_up)


def _answer(content: bytes, content_type: str, is_up: bool) -> HttpResponse:
    status = HTTPStatus.OK if is_up else HTTPStatus.SERVICE_UNAVAILABLE
    return HttpResponse(content, content_type, status, headers={"Cache-Control": "no-store"})
