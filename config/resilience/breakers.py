"""One breaker for each dependency: who is known to be away is not waited for."""

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

import pybreaker

from config.errors import DependencyAway
from config.resilience.storage import Known, Local, Shared, View

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")

_all: dict[str, "Breaker"] = {}


@dataclass(frozen=True)
class Report:
    """A breaker, as the admin and the metrics show it."""

    name: str
    state: str
    failures: int
    since: datetime | None
    is_shared: bool


class Breaker:
    """Opens for `seconds` after so many `failures` in a row; then one call in all may try.

    Shared ones have one state for all processes. Calls never wait for each other. An error
    of `ignored` says nothing about the dependency.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        seconds: float = 60,
        is_shared: bool = True,
        ignored: tuple[type[Exception], ...] = (),
    ) -> None:
        self.name, self.seconds, self.is_shared = name, seconds, is_shared
        self._failures, self._ignored = failures, ignored
        self._store = Shared(name) if is_shared else Local()
        self._thread = threading.local()
        _all[name] = self

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call it, or raise DependencyAway at once; its own errors come through."""
        try:
            return self._of_thread().call(function, *args, **kwargs)
        except pybreaker.CircuitBreakerError as error:
            raise DependencyAway(self.name, wait=self._left()) from error

    def admit(self) -> None:
        """For what cannot be done inside of `call`: raise DependencyAway if it would be refused.

        Whoever is admitted tells the end by `succeed` or `fail`.
        """
        known = self._store.read()
        if known.state == pybreaker.STATE_CLOSED:
            return
        if self._left() or not self._store.claim(self.seconds):
            raise DependencyAway(self.name, wait=self._left() or self.seconds)

    def succeed(self) -> None:
        """Count a success that showed outside of a call."""
        if self._store.read() != Known():
            self.reset()

    def fail(self, error: Exception) -> None:
        """Count a failure that showed outside of a call."""

        def again() -> None:
            raise error

        with contextlib.suppress(DependencyAway, type(error)):
            self.call(again)

    def report(self) -> Report:
        known = self._store.read()
        is_open = known.state == pybreaker.STATE_OPEN
        since = datetime.fromtimestamp(known.opened_at, UTC) if is_open else None
        state = "half_open" if is_open and not self._left() else known.state
        return Report(self.name, state, known.failures, since, self.is_shared)

    def reset(self) -> None:
        """Close it by hand."""
        self._store.write(state=pybreaker.STATE_CLOSED, failures=0)

    def _left(self) -> float:
        """Seconds until one call may try."""
        opened_at = datetime.fromtimestamp(self._store.read().opened_at, UTC)
        left = opened_at + timedelta(seconds=self.seconds) - datetime.now(UTC)
        return max(0.0, left.total_seconds())

    def _of_thread(self) -> pybreaker.CircuitBreaker:
        # pybreaker holds a lock during the call: with one for all threads they would queue up.
        if not hasattr(self._thread, "breaker"):
            view = View(self._store, self.seconds)

            def says_nothing(error: BaseException) -> bool:
                # To pybreaker what it leaves out is a success, which would end a probe well.
                return isinstance(error, self._ignored) and not view.is_probe

            self._thread.breaker = pybreaker.CircuitBreaker(
                fail_max=self._failures,
                reset_timeout=self.seconds,
                exclude=[says_nothing],
                state_storage=view,
                name=self.name,
                throw_new_error_on_trip=False,
                listeners=[_Teller()],
            )
        return self._thread.breaker


class _Teller(pybreaker.CircuitBreakerListener):
    """Says when a dependency is given up and when it is back."""

    def failure(self, cb: pybreaker.CircuitBreaker, exc: BaseException) -> None:
        if cb.fail_counter == cb.fail_max:
            logger.error("%s is away: not asked for %s s.", cb.name, cb.reset_timeout)

    def success(self, cb: pybreaker.CircuitBreaker) -> None:
        if getattr(cb, "was_probe", False):
            logger.warning("%s is back.", cb.name)

    def before_call(self, cb: pybreaker.CircuitBreaker, *call: object, **more: object) -> None:
        cb.was_probe = cb.current_state == pybreaker.STATE_HALF_OPEN  # type: ignore[attr-defined]


def reports() -> list[Report]:
    """Every breaker that this process knows, by name."""
    return [breaker.report() for _, breaker in sorted(_all.items())]


def states() -> dict[str, str]:
    """The state of each: closed, open, or half_open, when the next call may try."""
    return {report.name: report.state for report in reports()}
