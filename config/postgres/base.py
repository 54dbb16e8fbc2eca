"""Django's backend for Postgres: connections that live, and a quick no while the server is away."""

import itertools
import select
import time
from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import PoolTimeout

from config.errors import DependencyAway
from config.resilience import Breaker

# A pool of busy connections (PoolTimeout) says nothing about the server.
BREAKER = Breaker("database", failures=1, seconds=1, is_shared=False, ignored=(PoolTimeout,))
# So many seconds a request waits for a connection that others use.
PATIENCE = 5
_attempts = itertools.count()


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own check is a query before each request, which costs as much as a real one."""

    failed_attempt = 0  # the number of the latest, in any pool of this process

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
                return super().get_new_connection(conn_params)
            except PoolTimeout as error:
                if DatabaseWrapper.failed_attempt != before:
                    raise psycopg.OperationalError("The database cannot be reached.") from error
                if time.monotonic() >= give_up_at:
                    raise


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
