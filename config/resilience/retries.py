"""Trying again: three times, ever later, and never in step with others."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from typing import Any

import stamina


def tries(on: Any, *, attempts: int = 3) -> Iterator[AbstractContextManager[Any]]:
    """Yield one context for each try: after 1 s, 2 s, … at most 10 s, each with jitter.

    `on` names the errors, or is a function of the error that may answer with seconds.
    """
    return iter(_context(on, attempts))


def async_tries(on: Any, *, attempts: int = 3) -> AsyncIterator[AbstractContextManager[Any]]:
    """The same for `async for`, waiting in the event loop."""
    return aiter(_context(on, attempts))


def _context(on: Any, attempts: int) -> Any:
    return stamina.retry_context(
        on=on,
        attempts=attempts,
        timeout=None,
        wait_initial=1,
        wait_max=10,
        wait_jitter=1,
        wait_exp_base=2,
    )
