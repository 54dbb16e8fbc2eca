"""How many replicas Postgres' connections are enough for."""

from collections.abc import Iterable, Mapping
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
    """Refuse more replicas than fit beside those that a deploy starts before old ones leave."""
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
