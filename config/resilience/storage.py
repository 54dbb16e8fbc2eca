"""What is known of a breaker: in this process, or in Redis for all of them."""

import threading
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pybreaker
from django_redis import get_redis_connection
from redis.exceptions import RedisError

PREFIX = "mutirao:breaker"
KEPT = 24 * 3600  # so long Redis remembers a breaker that nobody uses


@dataclass(frozen=True)
class Known:
    """How a breaker is: failures in a row, and when it was opened (Unix time)."""

    state: str = pybreaker.STATE_CLOSED
    failures: int = 0
    opened_at: float = 0.0


class Local:
    """Kept in this process, for all its threads."""

    def __init__(self) -> None:
        self._known = Known()
        self._claimed_until = 0.0
        self._lock = threading.Lock()

    def read(self) -> Known:
        return self._known

    def write(self, **changes: Any) -> None:
        with self._lock:
            self._known = replace(self._known, **changes)

    def fail(self) -> None:
        with self._lock:
            self._known = replace(self._known, failures=self._known.failures + 1)

    def claim(self, seconds: float) -> bool:
        """Whether the caller may probe; nobody else may for so many seconds, whatever it does."""
        with self._lock:
            if is_mine := time.monotonic() >= self._claimed_until:
                self._claimed_until = time.monotonic() + seconds
            return is_mine


class Shared:
    """Kept in the cache's Redis; while that is away, in this process from what was last read."""

    def __init__(self, name: str) -> None:
        self._key = f"{PREFIX}:{name}"
        self._local = Local()

    def read(self) -> Known:
        try:
            found = {k.decode(): v.decode() for k, v in _redis().hgetall(self._key).items()}
        except RedisError:
            return self._local.read()
        known = Known(
            found.get("state", pybreaker.STATE_CLOSED),
            int(found.get("failures", 0)),
            float(found.get("opened_at", 0)),
        )
        self._local.write(**vars(known))
        return known

    def write(self, **changes: Any) -> None:
        self._local.write(**changes)
        try:
            with _redis().pipeline() as pipe:
                pipe.hset(self._key, mapping=changes).expire(self._key, KEPT).execute()
        except RedisError:
            return  # this process knows it; the others learn it by themselves

    def fail(self) -> None:
        self._local.fail()
        try:
            with _redis().pipeline() as pipe:
                pipe.hincrby(self._key, "failures").expire(self._key, KEPT).execute()
        except RedisError:
            return

    def claim(self, seconds: float) -> bool:
        try:
            return bool(_redis().set(f"{self._key}:probe", 1, nx=True, px=int(seconds * 1000)))
        except RedisError:
            return self._local.claim(seconds)


def _redis() -> Any:
    return get_redis_connection("default")


class View(pybreaker.CircuitBreakerStorage):
    """How pybreaker reads and writes it. Half-open is a matter of the thread that probes.

    To all others the breaker stays open: that is what makes the probe a single one.
    """

    def __init__(self, store: Local | Shared, seconds: float) -> None:
        super().__init__("view")
        self._store = store
        self._seconds = seconds
        self.is_probe = False

    @property
    def state(self) -> str:
        return pybreaker.STATE_HALF_OPEN if self.is_probe else self._store.read().state

    @state.setter
    def state(self, state: str) -> None:
        if state == pybreaker.STATE_HALF_OPEN:
            if not self._store.claim(self._seconds):
                raise pybreaker.CircuitBreakerError("Another one is asking already.")
            self.is_probe = True
            return
        self.is_probe = False
        self._store.write(state=state, **({"failures": 0} if state == "closed" else {}))

    def increment_counter(self) -> None:
        self._store.fail()

    def reset_counter(self) -> None:
        # Every success asks for it; writing only what changes saves a trip.
        if self._store.read().failures:
            self._store.write(failures=0)

    @property
    def counter(self) -> int:
        return self._store.read().failures

    @property
    def success_counter(self) -> int:
        return 1  # one success of the probe is enough

    @property
    def opened_at(self) -> datetime | None:
        return datetime.fromtimestamp(self._store.read().opened_at, UTC)

    @opened_at.setter
    def opened_at(self, moment: datetime) -> None:
        self._store.write(opened_at=moment.timestamp())
