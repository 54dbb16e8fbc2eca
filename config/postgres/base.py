"""Django's backend for Postgres, which looks at pooled connections without asking the server."""

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection, OperationalError


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own check is a query before each request, which costs as much as a real one."""

    @property
    def pool(self) -> Any:
        pool = super().pool
        if pool is not None and self.settings_dict["CONN_HEALTH_CHECKS"]:
            pool._check = refuse_closed
        return pool


def refuse_closed(connection: Connection) -> None:
    """Refuse a connection that the server has closed; the pool then gives another one.

    Between requests a living server sends nothing, so whatever can be read is the end.
    """
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        connection.close()
        raise OperationalError("The server closed the connection.")
