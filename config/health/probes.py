"""Asks a dependency how it is: rarely, by one thread at a time, and never for long."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pybreaker

logger = logging.getLogger(__name__)

# Seconds after which one caller asks again, while the others get what is known.
FRESH = 2
# An older answer is given to nobody.
LONGEST_CACHED = 5
# Nobody waits longer for a check; each is bounded by itself, this is for a stuck disk.
PATIENCE = 3
SLOW = 0.5


class Status(StrEnum):
    UP = "up"
    DEGRADED = "degraded"  # answered, but slowly
    DOWN = "down"


@dataclass(frozen=True)
class Result:
    """What a check found, and when."""

    status: Status
    seconds: float
    checked_at: datetime
    error: str | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "response_time": round(self.seconds * 1000, 1),
            "last_check": self.checked_at,
            "error": self.error,
        }


class _Notifier(pybreaker.CircuitBreakerListener):
    """Tells once when a dependency is given up, and once when it is back."""

    def state_change(self, cb: Any, old_state: Any, new_state: Any) -> None:
        old, new = getattr(old_state, "name", None), new_state.name
        if (old, new) == (pybreaker.STATE_CLOSED, pybreaker.STATE_OPEN):
            logger.error("%s failed three times: asked again in a minute.", cb.name)
        if new == pybreaker.STATE_CLOSED:
            logger.warning("%s is back.", cb.name)


class Probe:
    """One dependency; its breaker opens for 60 s after three failures, then lets one check try."""

    def __init__(self, name: str, check: Callable[[], None], *, has_breaker: bool = True) -> None:
        self.name = name
        self._check = check
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=3 if has_breaker else sys.maxsize,
            reset_timeout=60,
            name=name,
            listeners=[_Notifier()],
            throw_new_error_on_trip=False,
        )
        self._lock = threading.Lock()
        self._flight: _Flight | None = None
        self._known: tuple[float, Result] | None = None

    def begin(self) -> "_Flight | None":
        """Start a check if one is due; return the one that the caller must wait for."""
        with self._lock:
            if self._younger_than(FRESH):
                return None
            if is_mine := self._flight is None:
                self._flight = _Flight(self._fly)
            return self._flight if is_mine or not self._younger_than(LONGEST_CACHED) else None

    def result(self, flight: "_Flight | None") -> Result:
        """What is known after that check; a check that takes too long counts as an outage."""
        if flight:
            flight.wait()
        with self._lock:
            if self._known and (not flight or self._younger_than(LONGEST_CACHED)):
                return self._known[1]
        return Result(Status.DOWN, PATIENCE, datetime.now(UTC), "no answer in time")

    def _younger_than(self, seconds: float) -> bool:
        return self._known is not None and time.monotonic() - self._known[0] < seconds

    def _fly(self) -> None:
        result = self._ask()
        with self._lock:
            self._known = (time.monotonic(), result)
            self._flight = None

    def _ask(self) -> Result:
        began, now = time.monotonic(), datetime.now(UTC)
        try:
            self._breaker.call(self._check)
        except pybreaker.CircuitBreakerError:
            return self._known[1] if self._known else Result(Status.DOWN, 0, now, "not asked")
        except Exception as error:  # of whatever library the check uses
            logger.info("%s failed.", self.name, exc_info=error)
            # The kind of error says enough, and holds no host and no secret.
            return Result(
                Status.DOWN, time.monotonic() - began, now, f"failed: {type(error).__name__}"
            )
        seconds = time.monotonic() - began
        return Result(Status.UP if seconds < SLOW else Status.DEGRADED, seconds, now)


class _Flight:
    """A check that is under way, in a thread that cannot keep the process from ending."""

    def __init__(self, run: Callable[[], None]) -> None:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    @property
    def age(self) -> float:
        return time.monotonic() - self._began

    def wait(self) -> None:
        self._thread.join(max(0, PATIENCE - self.age))


def ask(probes: Iterable[Probe]) -> dict[str, Result]:
    """How each is; those whose turn it is are checked side by side."""
    flights = [(probe, probe.begin()) for probe in probes]
    return {probe.name: probe.result(flight) for probe, flight in flights}
