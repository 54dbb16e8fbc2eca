"""Answers about events that are the same for everyone: kept a while, and fresh after every write.

An entry carries the version of the facts that was read before its query. A write sets a new
version once it is committed, so what was computed meanwhile is never taken for fresh.
"""

import contextlib
import hashlib
import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django_redis import get_redis_connection
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# What an entry rests on: anything a list shows, or only which events a list holds.
FACTS = "mutirao:events:facts"
LISTED = "mutirao:events:listed"
# What the sums over reports and visits rest on.
IMPACT = "mutirao:events:impact"

LOCK_SECONDS = 5  # a process that dies while it computes holds up the others no longer
WAIT_SECONDS = 10
POLL_SECONDS = 0.005
VERSION_LENGTH = 32


def events_changed() -> None:
    """Make all lists and counts of events fresh; call it when the change is committed."""
    _renew(FACTS, LISTED)


def seats_changed() -> None:
    """Make all lists fresh, but count them again only where seats decide; call it on commit."""
    _renew(FACTS)


def impact_changed() -> None:
    """Make the sums of what was done fresh; call it when the change is committed."""
    _renew(IMPACT)


def fetch(
    name: str, compute: Callable[[], bytes], *, rests_on: str = FACTS, endpoint: str = "events"
) -> bytes:
    """Give the kept answer; if there is none, one caller computes it and the others wait.

    Without a cache everyone computes at once: it may cost time, never an answer.
    """
    client = get_redis_connection("default")
    entry = _Entry(client, name, rests_on, settings.CACHE_LIFETIMES[endpoint])
    try:
        kept = entry.read() or entry.wait_or_lock()
    except RedisError:
        logger.warning("The cache of events is away.")
        return compute()
    return kept or entry.fill(compute)


def _renew(*versions: str) -> None:
    try:
        get_redis_connection("default").mset({version: uuid.uuid4().hex for version in versions})
    except RedisError:
        # Until they expire, lists may show what was before.
        logger.warning("The cache of events could not be told of a change.")


class _Entry:
    """One kept answer in Redis: the version it was made from, then its bytes."""

    def __init__(self, client: Any, name: str, rests_on: str, lifetime: int) -> None:
        digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        self.client = client
        self.key = f"{rests_on}:{digest}"
        self.rests_on = rests_on
        self.lifetime = lifetime
        self.version: bytes | None = None

    def read(self) -> bytes | None:
        """Give the bytes if they are as fresh as the facts were when this was first called."""
        current, kept = self.client.mget(self.rests_on, self.key)
        self.version = self.version or current
        if kept is None or kept[:VERSION_LENGTH] not in (self.version, current):
            return None
        return kept[VERSION_LENGTH:]

    def wait_or_lock(self) -> bytes | None:
        """Give what another caller computes meanwhile; nothing if it is our turn."""
        if self.version is None:
            self.client.set(self.rests_on, uuid.uuid4().hex, nx=True)
            self.version = self.client.get(self.rests_on) or b""
        self.lock = self.client.lock(f"{self.key}:{self.version.decode()}", timeout=LOCK_SECONDS)
        give_up_at = time.monotonic() + WAIT_SECONDS
        while not self.lock.acquire(blocking=False) and time.monotonic() < give_up_at:
            if not connection.in_atomic_block:
                connection.close()  # a process has few: who computes may need it
            time.sleep(POLL_SECONDS)
            if kept := self.read():
                return kept
        return self.read()  # it may have been stored just before we got the lock

    def fill(self, compute: Callable[[], bytes]) -> bytes:
        """Compute the answer and keep it under the version read before."""
        try:
            answer = compute()
            with contextlib.suppress(RedisError):
                self.client.set(self.key, (self.version or b"") + answer, ex=self.lifetime)
        finally:
            with contextlib.suppress(RedisError):
                self.lock.release()
        return answer
