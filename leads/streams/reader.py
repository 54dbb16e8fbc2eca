"""One who follows a conversation."""

import asyncio
import time
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast
from uuid import UUID

from redis.exceptions import RedisError

from leads.streams import wire
from leads.streams.wire import Entry

if TYPE_CHECKING:
    from leads.streams.hub import Hub

# A reader who is behind by more is sent back to the stream itself, which is bounded as well.
PENDING = 256


class Reader:
    """Follows one conversation from a place on; what it misses it reads again from the stream."""

    def __init__(
        self, owner: "Hub", conversation: UUID, cursor: str, place: str, *, may_stay: bool
    ) -> None:
        self.conversation, self.cursor, self.may_stay = conversation, cursor, may_stay
        self.place = place  # among the visitor's readers
        # The task keeps its response, and so this reader: held in turn, none would be let go.
        self._task = weakref.ref(cast("asyncio.Task[object]", asyncio.current_task()))
        self.sending_since: float | None = None
        self.is_ended = False
        self._hub = owner
        self._pending: deque[Entry] = deque()
        self._is_behind = True
        self._wake = asyncio.Event()

    def give(self, entry: Entry) -> None:
        if len(self._pending) >= PENDING:
            self.fall_behind()
        elif not self._is_behind:
            self._pending.append(entry)
        self._wake.set()

    def fall_behind(self) -> None:
        """What came by the connection may lack something: go and look."""
        self._pending.clear()
        self._is_behind = True
        self._wake.set()

    def end(self) -> None:
        self.is_ended = True
        self._wake.set()

    def let_go(self) -> None:
        """End a reader who does not even take what was sent."""
        if task := self._task():
            task.cancel()

    async def next(self, patience: float) -> list[Entry]:
        """What came since; nothing, if nothing comes within so many seconds."""
        until = asyncio.get_running_loop().time() + patience
        while not self.is_ended:
            if entries := await self._take():
                return entries
            try:
                async with asyncio.timeout_at(until):
                    await self._wake.wait()
            except TimeoutError:
                break
        return []

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Around the moment at which somebody has to take what is sent."""
        self.sending_since = time.monotonic()
        try:
            yield
        finally:
            self.sending_since = None

    def is_stuck(self, seconds: float) -> bool:
        """Whether what was sent so long ago is still not taken."""
        since = self.sending_since
        return since is not None and time.monotonic() - since > seconds

    async def _take(self) -> list[Entry]:
        self._wake.clear()
        if self._is_behind:
            self._is_behind = False  # first: what is published meanwhile comes twice, not never
            found = await self._reread()
        else:
            found = list(self._pending)
            self._pending.clear()
        new = [entry for entry in found if entry.place > wire.place(self.cursor)]
        if new:
            self.cursor = new[-1].id
        return new

    async def _reread(self) -> list[Entry]:
        try:
            found = await self._hub.entries(self.conversation, after=self.cursor)
        except RedisError:
            self._is_behind = True  # looked at again with the next sign of life
            return []
        if len(found) >= PENDING:
            self._is_behind = True
            self._wake.set()
        return found
