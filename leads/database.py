"""The database, for what runs in an event loop."""

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import connections

P = ParamSpec("P")
T = TypeVar("T")

# As many as there are connections: who waits, waits here, and never until the pool gives up.
_threads = ThreadPoolExecutor(
    settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"], thread_name_prefix="database"
)


async def briefly(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run it in a thread, and give its connection back before anybody waits for anything else.

    A stream that kept one would keep it as long as its reader stays.
    """
    context = contextvars.copy_context()

    def section() -> T:
        try:
            return context.run(function, *args, **kwargs)
        finally:
            connections.close_all()

    return await asyncio.get_running_loop().run_in_executor(_threads, section)
