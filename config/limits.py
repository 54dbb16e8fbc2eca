"""How often something may be done: moving windows in Redis, one count for all replicas."""

import logging
import math
import time
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac
from limits import parse
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from config import addresses
from config.cache import Pool

logger = logging.getLogger(__name__)


class LimitsUnavailable(Exception):
    """Redis did not answer, so nothing was counted."""


class _Outage:
    """Says once that Redis went away, until it is back."""

    is_on = False

    def begin(self) -> None:
        if not self.is_on:
            logger.warning("Redis does not answer: rate limits let everything through.")
        self.is_on = True

    def end(self) -> None:
        self.is_on = False


_outage = _Outage()


def hit(name: str, *identifiers: str) -> int | None:
    """Count one more; when that is too many, return the seconds to wait and count nothing.

    Without Redis everything is let through: who cannot afford that calls `hit_strictly`.
    """
    try:
        return hit_strictly(name, *identifiers)
    except LimitsUnavailable:
        return None


def hit_strictly(name: str, *identifiers: str) -> int | None:
    """As `hit`, but raise LimitsUnavailable without Redis."""
    if not settings.RATE_LIMITS_ENABLED:
        return None
    rate, key = parse(settings.RATE_LIMITS[name]), _key(name, identifiers)
    try:
        is_allowed = _limiter().hit(rate, key)
        free_at = 0.0 if is_allowed else _limiter().get_window_stats(rate, key).reset_time
    except StorageError as error:
        _outage.begin()
        raise LimitsUnavailable from error
    _outage.end()
    return None if is_allowed else max(1, math.ceil(free_at - time.time()))


def clear(name: str, *identifiers: str) -> None:
    """Forget what was counted."""
    try:
        _limiter().clear(parse(settings.RATE_LIMITS[name]), _key(name, identifiers))
    except StorageError:
        _outage.begin()


def by_address(name: str) -> type[BaseThrottle]:
    """Make a throttle class: so many requests of one client address to the views that have it."""

    class AddressThrottle(BaseThrottle):
        seconds: int | None = None

        def allow_request(self, request: Request, view: APIView) -> bool:
            self.seconds = hit(name, addresses.of(request))
            return self.seconds is None

        def wait(self) -> float | None:
            return self.seconds

    return AddressThrottle


def _key(name: str, identifiers: tuple[str, ...]) -> str:
    # Hashed: no e-mail address lies in Redis, and no identifier can look like two.
    value = "\0".join((name, *identifiers))
    return salted_hmac("config.limits", value, algorithm="sha256").hexdigest()


@cache
def _limiter() -> MovingWindowRateLimiter:
    options: dict[str, Any] = {**settings.CACHE_TIMEOUTS, "retry": Retry(NoBackoff(), 0)}
    pool = Pool.from_url(settings.REDIS_URL, **options)
    storage = RedisStorage(settings.REDIS_URL, connection_pool=pool, wrap_exceptions=True)
    return MovingWindowRateLimiter(storage)
