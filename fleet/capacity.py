"""How many replicas Postgres' connections are enough for."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Condition
from typing import Any

from fleet import compose
from fleet.refusal import Refused

# Three that Postgres keeps for its superuser, and short ones: prepare, backup, psql.
RESERVE = 8
# What a process opens beside its pool when it is asked how it is (config/health/checks.py).
PROBES = {"backend": 1, "stream": 1}


def replicas(settings: Mapping[str, Any]) -> dict[str, int]:
    return {
        service: int(settings["services"][service]["deploy"]["replicas"])
        for service in settings["x-processes"]
    }


def each(settings: Mapping[str, Any], service: str) -> int:
    """Connections that one replica may hold: its processes times their pool and their probes."""
    pool = settings["services"][service]["environment"]["DATABASE_POOL_SIZE"]
    return int(settings["x-processes"][service]) * (int(pool) + PROBES.get(service, 0))


def together(settings: Mapping[str, Any], services: Iterable[str]) -> int:
    """Connections of one more replica of each, as when they are replaced at the same time."""
    return sum(each(settings, name) for name in services)


def spare(settings: Mapping[str, Any]) -> int:
    """Connections that are left when all replicas use all of theirs."""
    used = sum(each(settings, name) * number for name, number in replicas(settings).items())
    return limit(settings) - RESERVE - used


def limit(settings: Mapping[str, Any]) -> int:
    """How many connections the server takes, ours or that of DATABASE_URL."""
    return int(settings["x-connections"])


def check(settings: Mapping[str, Any]) -> None:
    """Refuse more replicas than fit beside what a deploy starts before old ones leave.

    One more of the backends, or of all others at once: with less it would take too long.
    """
    first, *others = compose.TAGS
    surge = max(each(settings, first), together(settings, others))
    if spare(settings) >= surge:
        return
    terms = [
        f"{name} {number} × {each(settings, name)}" for name, number in replicas(settings).items()
    ]
    needed = limit(settings) - spare(settings) + surge
    raise Refused(
        f"That needs {needed} connections to Postgres, which takes {limit(settings)}: "
        f"{' + '.join(terms)} + {surge} while a deploy replaces some + {RESERVE} in reserve. "
        "Lower WEB_CONCURRENCY, WORKER_CONCURRENCY or another number of replicas, "
        "or raise POSTGRES_CONNECTIONS (docs/operations.md)."
    )


def scaled(service: str, number: int) -> dict[str, Any]:
    """The settings with so many replicas of the service."""
    return compose.config(**{compose.REPLICAS[service]: str(number)})


class Connections:
    """Those that are left, lent to services that are replaced at the same time."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings
        self._all = self._left = spare(settings)
        self._returned = Condition()

    def replicas(self, service: str) -> int:
        return replicas(self._settings)[service]

    @contextmanager
    def lend(self, service: str, most: int, until: float) -> Iterator[int]:
        """How many more replicas it may have now: so many, or what all connections are enough for.

        One at least, when nobody else has any: `check` may never have seen what runs. Wait until
        others return theirs, and raise Refused if that takes too long. Whoever holds some must ask
        for no more, so nobody waits for ever; who waits has no turn, and may be overtaken.
        """
        one = each(self._settings, service)
        number = max(1, min(most, self._all // one))
        needed = number * one
        with self._returned:
            if not self._returned.wait_for(
                lambda: self._left >= needed or self._left == self._all, until - time.monotonic()
            ):
                raise Refused(f"Postgres had no connections left for {service} in time.")
            self._left -= needed
        try:
            yield number
        finally:
            with self._returned:
                self._left += needed
                self._returned.notify_all()
