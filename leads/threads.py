"""The database from asynchronous code: in short steps, and no connection is kept in between."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from asgiref.sync import async_to_sync, sync_to_async
from django.conf import settings
from django.db import connection

P = ParamSpec("P")
T = TypeVar("T")

# As many as there are connections: who waits, waits here, and never until the pool gives up.
_threads = ThreadPoolExecutor(
    settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"], thread_name_prefix="database"
)
_has_own_thread = contextvars.ContextVar("has_own_thread", default=False)


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it in a thread, and give the connection that it used back to the pool."""

    def step() -> T:
        try:
            return function(*args, **kwargs)
        finally:
            # Not out of a transaction of the caller's.
            if not connection.in_atomic_block:
                connection.close()

    if _has_own_thread.get():
        return await sync_to_async(step)()
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_threads, context.run, step)


def run(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run asynchronous code to its end, as a worker does: its steps come back to this thread."""
    token = _has_own_thread.set(True)
    try:
        return async_to_sync(function)(*args, **kwargs)
    finally:
        _has_own_thread.reset(token)
