"""Counts how the pool of connections to the database is used, in all processes."""

import threading

from django.db import connection

from config.metrics import counts

# What the pool counts in milliseconds is told in seconds.
THOUSANDTH = 0.001
COUNTED = {
    "requests_num": (counts.POOL_TAKEN, 1),
    "requests_queued": (counts.POOL_WAITED, 1),
    "requests_wait_ms": (counts.POOL_WAITED_SECONDS, THOUSANDTH),
    "requests_errors": (counts.POOL_REFUSED, 1),
}
_lock = threading.Lock()


def tell() -> None:
    """Count what the pool of this process did since the last time, at the end of each work.

    Not at a scrape, which meets only one of the processes.
    """
    if not (pool := connection.pool):  # type: ignore[attr-defined]  # of Postgres' backend
        return
    with _lock:  # or two threads would take the same numbers
        stats = pool.pop_stats()
    counts.POOL_LIMIT.set(stats["pool_max"])
    counts.POOL_SIZE.set(stats["pool_size"])
    for name, (counter, unit) in COUNTED.items():
        if amount := stats.get(name):
            counter.inc(amount * unit)
