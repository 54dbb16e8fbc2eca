"""Django's backend for Postgres: connections that live, and a quick no while the server is away."""

import itertools
import logging
import select
import time
from collections.abc import Callable
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import PoolTimeout

from config.errors import DependencyAway
from config.resilience import Breaker

logger = logging.getLogger(__name__)

# A pool of busy connections (PoolTimeout) says nothing about the server.
BREAKER = Breaker("database", failures=1, seconds=1, is_shared=False, ignored=(PoolTimeout,))
# So many seconds a request waits for a connection that others use.
PATIENCE = 5
# Seconds after which a statement is told, and so many of its characters.
SLOW, LONGEST = 0.5, 1000
_attempts = itertools.count()


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own check is a query before each request, which costs as much as a real one."""

    failed_attempt = 0  # the number of the latest, in any pool of this process
    away_since: float | None = None  # when an attempt failed after which none has succeeded

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute_wrappers.append(tell_slow)

    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None and self.settings_dict["CONN_HEALTH_CHECKS"]:
            pool._check = refuse_closed
        if pool is not None:
            pool._reconnect_failed = _note_failure
        return pool

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Give one from the pool; while the server is away refuse at once, but for a try a second.

        The pool connects in threads of its own and tells who waits for it nothing, so
        settings give it a short time-out, after which we look whether it failed.
        """
        try:
            return BREAKER.call(self._wait_for_connection, conn_params)
        except DependencyAway as error:
            raise psycopg.OperationalError("The database is away.") from error

    def _wait_for_connection(self, conn_params: dict[str, Any]) -> Any:
        before, give_up_at = DatabaseWrapper.failed_attempt, time.monotonic() + PATIENCE
        while True:
            try:
                connection = super().get_new_connection(conn_params)
            except PoolTimeout as error:
                now = time.monotonic()
                since = DatabaseWrapper.away_since or now
                # An attempt may hang, in the resolver above all. Once it is away for a while, who
                # looks does not wait for it: what comes of it lies in the pool for the next one.
                if DatabaseWrapper.failed_attempt != before or now - since > PATIENCE:
                    DatabaseWrapper.away_since = since
                    raise psycopg.OperationalError("The database cannot be reached.") from error
                if now >= give_up_at:
                    raise
            else:
                DatabaseWrapper.away_since = None
                return connection


def tell_slow(execute: Callable[..., Any], sql: Any, params: Any, *more: Any) -> Any:
    """Log a statement that takes long, without its values: the server's own log would show them."""
    began = time.perf_counter()
    try:
        return execute(sql, params, *more)
    finally:
        if (took := time.perf_counter() - began) >= SLOW:
            logger.warning("A statement took %d ms: %s", took * 1000, str(sql)[:LONGEST])


def _note_failure(pool: Any) -> None:
    DatabaseWrapper.failed_attempt = next(_attempts) + 1


def refuse_closed(connection: Connection) -> None:
    """Refuse a connection that the server has closed; the pool then gives another one.

    Between requests a living server sends nothing, so whatever can be read is the end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        connection.close()
        raise psycopg.OperationalError("The server closed the connection.")
