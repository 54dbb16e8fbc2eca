"""The way to the cache's Redis: who finds it away is the last to wait for a while."""

from typing import Any

from redis.connection import ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError

from config.errors import DependencyAway
from config.resilience import Breaker

# One failure has cost a time-out already. In this process only: where else would it be kept?
BREAKER = Breaker("cache", failures=1, seconds=5, is_shared=False)


class Pool(ConnectionPool):
    """Gives no connection while the breaker is open, which all callers take for an outage."""

    def get_connection(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return BREAKER.call(super().get_connection, *args, **kwargs)
        except DependencyAway as error:
            raise RedisConnectionError("The cache is away.") from error

    def release(self, connection: Any) -> None:
        super().release(connection)
        if connection._sock is None:  # what redis-py leaves of one that timed out or broke
            BREAKER.fail(RedisConnectionError("A command failed."))
