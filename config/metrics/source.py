"""Asks somebody else: rarely, one at a time, and never for longer than a scrape may take."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from django.db import connections

logger = logging.getLogger(__name__)
T = TypeVar("T")

# Seconds for which an answer, or that there was none, is told to all who scrape.
FRESH = 5
# Seconds that a scrape waits for those it asks, side by side.
PATIENCE = 1


class Source(Generic[T]):
    """Somebody who may be away or hang; then there is no answer, and the scrape goes on."""

    def __init__(self, name: str, ask: Callable[[], T]) -> None:
        self._name = name
        self._ask = ask
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked_at = float("-inf")
        self._answer: T | None = None

    def begin(self) -> None:
        """Ask, unless what is known is fresh or somebody asks already."""
        with self._lock:
            is_asking = self._thread is not None and self._thread.is_alive()
            if is_asking or time.monotonic() - self._asked_at < FRESH:
                return
            self._asked_at = time.monotonic()
            # A thread, because nothing else bounds the look-up of a name; it keeps no one alive.
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def answer(self, deadline: float) -> T | None:
        """What was answered, if it comes before that moment of the monotonic clock."""
        thread = self._thread
        if thread:
            thread.join(max(0, deadline - time.monotonic()))
            if thread.is_alive():
                return None
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as error:  # of whatever library is used: a scrape never fails
            self._answer = None
            logger.info("%s gave no metrics.", self._name, exc_info=error)
        finally:
            connections.close_all()  # those of this thread: back to the pool
