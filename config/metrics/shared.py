"""What all replicas share: Redis, the queues, the breakers, the totals, the backups."""

import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django_redis import get_redis_connection
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from config import backups, resilience, totals
from config.celery import app
from config.metrics.source import PATIENCE, Source
from config.metrics.work import SENT_AT
from config.models import Totals

Info = dict[str, Any]
STATES = ("closed", "open", "half_open")
GAUGES = {
    "used_memory": ("mutirao_redis_memory_bytes", "Memory in use."),
    "maxmemory": ("mutirao_redis_memory_limit_bytes", "Memory that may be used; 0 is no limit."),
    "connected_clients": ("mutirao_redis_clients", "Connected clients."),
}
COUNTERS = {
    "keyspace_hits": ("mutirao_redis_hits", "Keys asked for and found."),
    "keyspace_misses": ("mutirao_redis_misses", "Keys asked for and not found."),
    "total_commands_processed": ("mutirao_redis_commands", "Commands run."),
}


@dataclass(frozen=True)
class Queue:
    """How many messages wait, and how old the first of them is in seconds, as far as it says so."""

    length: int
    age: float | None


def ask_cache() -> Info:
    return get_redis_connection("default").info()


def ask_broker() -> tuple[Info, dict[str, Queue]]:
    names = [queue.name for queue in settings.CELERY_TASK_QUEUES]
    with app.connection_for_write() as link:
        link.ensure_connection(max_retries=0)
        channel: Any = link.default_channel
        pipe = channel.client.pipeline(transaction=False)
        pipe.info()
        for name in names:
            for step in channel.priority_steps:
                key = f"{name}{channel.sep}{step}" if step else name
                # Messages are put in at the head and taken from the tail.
                pipe.llen(key).lindex(key, -1)
        info, *found = pipe.execute()
        each = 2 * len(channel.priority_steps)
    parts = (found[start : start + each] for start in range(0, len(found), each))
    return info, {
        name: Queue(sum(part[::2]), _oldest(part[1::2]))
        for name, part in zip(names, parts, strict=True)
    }


def _oldest(messages: Iterable[bytes | None]) -> float | None:
    ages = [_age(message) for message in messages]
    return None if None in ages else max(filter(None, ages), default=0)


def _age(message: bytes | None) -> float | None:
    if message is None:
        return 0
    try:
        return max(0, time.time() - json.loads(message)["headers"][SENT_AT])
    except (ValueError, KeyError, TypeError):  # not sent by this code
        return None


CACHE = Source("The cache", ask_cache)
BROKER = Source("The broker", ask_broker)
BREAKERS = Source("The breakers", resilience.states)
TOTALS = Source("The totals", totals.latest)
BACKUPS = Source("The backups", backups.last_good_at)


class LastBackup(Collector):
    """The moment of the last good backup, where it is known."""

    def collect(self) -> Iterator[Metric]:
        BACKUPS.begin()
        if at := BACKUPS.answer(time.monotonic() + PATIENCE):
            text = "When the last good backup was made."
            yield GaugeMetricFamily("mutirao_backup_timestamp_seconds", text, at.timestamp())


class Shared(Collector):
    """Each replica tells the same, so that any of them will do."""

    def collect(self) -> Iterator[Metric]:
        for source in (CACHE, BROKER, BREAKERS, TOTALS):
            source.begin()
        deadline = time.monotonic() + PATIENCE
        cache = CACHE.answer(deadline)
        info, queues = BROKER.answer(deadline) or (None, {})
        yield from _redis({"cache": cache, "broker": info})
        yield from _queues(queues)
        yield _breakers(BREAKERS.answer(deadline) or {})
        if row := TOTALS.answer(deadline):
            yield from _totals(row)


def _redis(servers: dict[str, Info | None]) -> Iterator[Metric]:
    up = GaugeMetricFamily("mutirao_redis_up", "Whether it answers.", labels=["server"])
    for server, info in servers.items():
        up.add_metric([server], info is not None)
    yield up
    for kind, fields in ((GaugeMetricFamily, GAUGES), (CounterMetricFamily, COUNTERS)):
        for field, (name, text) in fields.items():
            family = kind(name, text, labels=["server"])
            for server, info in servers.items():
                if info and field in info:
                    family.add_metric([server], info[field])
            yield family


def _queues(queues: dict[str, Queue]) -> Iterator[Metric]:
    length = GaugeMetricFamily("mutirao_queue_length", "Messages that wait.", labels=["queue"])
    age = GaugeMetricFamily(
        "mutirao_queue_age_seconds", "Time that the oldest message has waited.", labels=["queue"]
    )
    for name, queue in queues.items():
        length.add_metric([name], queue.length)
        if queue.age is not None:
            age.add_metric([name], queue.age)
    yield from (length, age)


def _breakers(states: dict[str, str]) -> Metric:
    family = GaugeMetricFamily(
        "mutirao_breaker_state", "1 for the state it is in.", labels=["breaker", "state"]
    )
    for name, current in states.items():
        for state in STATES:
            family.add_metric([name, state], state == current)
    return family


def _totals(row: Totals) -> Iterator[Metric]:
    family = GaugeMetricFamily("mutirao_total", "How many there are.", labels=["of"])
    for name, number in row.numbers.items():
        family.add_metric([name], number)
    yield family
    text = "When the totals were counted."
    yield GaugeMetricFamily("mutirao_totals_timestamp_seconds", text, row.counted_at.timestamp())
