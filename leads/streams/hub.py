"""One connection of this process listens for all its readers, and hands each what is theirs."""

import asyncio
import contextlib
import logging
import time
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from rest_framework.exceptions import Throttled

from config import serving
from config.encryption import Unreadable
from config.metrics.counts import OPEN_STREAMS
from leads.streams import wire
from leads.streams.reader import PENDING, Reader
from leads.streams.wire import Entry

logger = logging.getLogger(__name__)
# Each process has so many connections for commands, and one to listen, however many readers.
COMMANDS = 8
TICK = 1
BEAT = 5
OF_ALL = 2000  # readers in one process
FULL = 30  # seconds to wait for a place
ALWAYS = "mutirao:chat"  # listened to even without a reader: pings are answered there


class Hub:
    """The readers of this process (of one event loop), and their way to the broker."""

    def __init__(self) -> None:
        self._redis = _client(socket_timeout=1.0, size=COMMANDS)
        self._listener = _client(socket_timeout=None, size=1)
        self._pubsub: PubSub = self._listener.pubsub()
        self._readers: dict[str, set[Reader]] = defaultdict(set)
        self._heard_at = time.monotonic()
        self._changes = asyncio.Lock()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(one) for one in (self._listen(), self._tick())]

    @property
    def redis(self) -> "Redis":
        return self._redis

    @property
    def count(self) -> int:
        return sum(map(len, self._readers.values()))

    async def run(self, script: str, keys: list[str], *values: Any) -> Any:
        """Run a script of leads.streams.wire."""
        return await self._redis.eval(script, len(keys), *keys, *values)  # type: ignore[misc]

    async def write(self, conversation: UUID, event: str, fields: Any) -> str:
        keys, values = [wire.stream_key(conversation)], (event, wire.sealed(fields))
        return (await self.run(wire.WRITE, keys, wire.LENGTH, wire.LIFETIME, *values)).decode()

    async def open(self, conversation: UUID) -> str:
        """Mark that somebody reads, and return the entry after which who comes now begins."""
        return await self._open(conversation, "")

    async def admit(self, conversation: UUID) -> tuple[str, str]:
        """The same for who will have a reader: also the name of its place among the visitor's.

        All processes share the count; what its reader does not renew is soon free again.
        """
        place = uuid.uuid4().hex
        if self.count >= OF_ALL:
            raise Throttled(FULL)
        return await self._open(conversation, place), place

    async def _open(self, conversation: UUID, place: str) -> str:
        names = (wire.stream_key, wire.presence_key, wire.readers_key)
        values = (wire.OPENED, wire.sealed({}), settings.CHAT_PRESENCE + BEAT)
        places = (place, wire.OF_VISITOR, wire.RENEWED)
        keys = [name(conversation) for name in names]
        found = await self.run(wire.OPEN, keys, wire.LENGTH, wire.LIFETIME, *values, *places)
        if found is None:
            raise Throttled(FULL)
        return found.decode()

    async def break_off(self, conversation: UUID, last: str, fields: Any) -> None:
        """Say, once, that the answer whose last entry is `last` will not go on."""
        keys = [wire.stream_key(conversation), wire.answering_key(conversation)]
        values = ("error", wire.sealed(fields), last)
        await self.run(wire.BREAK_OFF, keys, wire.LENGTH, wire.LIFETIME, *values)

    async def entry(self, conversation: UUID, entry_id: str) -> Entry | None:
        """That entry, if the stream still has it."""
        key = wire.stream_key(conversation)
        found = await self._redis.xrange(key, entry_id, entry_id)
        return next(_readable(found), None)

    async def entries(self, conversation: UUID, *, after: str) -> list[Entry]:
        key = wire.stream_key(conversation)
        found = await self._redis.xrange(key, f"({after}", "+", count=PENDING)
        return list(_readable(found))

    async def forget(self, conversation: UUID) -> None:
        """Delete what was said, as all else of who was erased."""
        await self._redis.delete(wire.stream_key(conversation))

    @asynccontextmanager
    async def reader(
        self, conversation: UUID, cursor: str, place: str, *, may_stay: bool = False
    ) -> AsyncIterator[Reader]:
        """Follow the conversation from the entry after `cursor` on, in the place that was given.

        When the process is asked to end, so is the reader, unless they may stay for their answer.
        """
        key = wire.stream_key(conversation)
        reader = Reader(self, conversation, cursor, place, may_stay=may_stay)
        self._readers[key].add(reader)
        OPEN_STREAMS.inc()
        try:
            await self._follow(key)
            yield reader
        finally:
            OPEN_STREAMS.dec()
            self._readers[key].discard(reader)
            if not self._readers[key]:
                del self._readers[key]
            # Not awaited by who is cancelled.
            self._soon(self._leave(reader))

    def _soon(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)

    async def _leave(self, reader: Reader) -> None:
        conversation = reader.conversation
        key = wire.stream_key(conversation)
        await self._follow(key)
        with contextlib.suppress(RedisError):
            await self._redis.zrem(wire.readers_key(conversation), reader.place)
            if key not in self._readers:
                # Another process with a reader of it makes this longer again.
                await self._redis.expire(wire.presence_key(conversation), settings.CHAT_PRESENCE)

    async def _follow(self, key: str) -> None:
        """Listen to what has a reader, and to nothing else."""
        async with self._changes:
            is_followed = key.encode() in self._pubsub.channels
            with contextlib.suppress(RedisError):  # then _listen does it, when it can
                if key in self._readers and not is_followed:
                    await self._pubsub.subscribe(key)
                elif key not in self._readers and is_followed:
                    await self._pubsub.unsubscribe(key)

    async def _listen(self) -> None:
        pause = 0.2
        while True:
            try:
                async with self._changes:
                    await self._pubsub.subscribe(ALWAYS, *self._readers)
                while True:
                    message = await self._pubsub.get_message(timeout=None)
                    self._heard_at, pause = time.monotonic(), 0.2
                    self._hear(message)
            except (RedisError, OSError) as error:
                logger.warning("Streams: the broker is away (%s).", type(error).__name__)
                await self._pubsub.aclose()
                await asyncio.sleep(pause)
                pause = min(2.0, pause * 2)
                self._pubsub = self._listener.pubsub()

    def _hear(self, message: dict[str, Any] | None) -> None:
        if not message or message["type"] not in ("message", "subscribe"):
            return
        readers = self._readers.get(message["channel"].decode(), ())
        if message["type"] == "subscribe":
            # Also after a connection was lost: what was said in between nobody told us.
            for reader in readers:
                reader.fall_behind()
            return
        entry_id, event, data = message["data"].split(b"\n", 2)
        for entry in _readable([(entry_id, {b"event": event, b"data": data})]):
            for reader in readers:
                reader.give(entry)

    async def _tick(self) -> None:
        beats = 0
        while True:
            await asyncio.sleep(TICK)
            beats += 1
            for reader in [reader for readers in self._readers.values() for reader in readers]:
                if serving.is_ending() and not reader.may_stay:
                    reader.end()
                elif reader.is_stuck(settings.CHAT_STUCK):
                    reader.let_go()
            if beats % BEAT == 0:
                await self._beat()

    async def _beat(self) -> None:
        """Say which conversations have a reader here; ask whether the broker still hears us."""
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for readers in self._readers.values():
                    conversation = next(iter(readers)).conversation
                    pipe.set(wire.presence_key(conversation), 1, ex=settings.CHAT_PRESENCE + BEAT)
                    pipe.expire(wire.stream_key(conversation), wire.LIFETIME)
                    places = [reader.place for reader in readers]
                    key = wire.readers_key(conversation)
                    pipe.eval(wire.RENEW, 1, key, wire.RENEWED, *places)
                if self._readers:
                    await pipe.execute()
            async with self._changes:
                await self._pubsub.ping()
        except (RedisError, OSError):
            return  # the listener says so
        if time.monotonic() - self._heard_at > 3 * BEAT and self._pubsub.connection:
            await self._pubsub.connection.disconnect(nowait=True)  # hung: _listen begins anew


def hub() -> Hub:
    """The one of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]


_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, Hub]" = WeakKeyDictionary()


def _client(*, socket_timeout: float | None, size: int) -> "Redis":
    # With a time-out a connection that listens would be cut whenever nothing is said for so long.
    pool = BlockingConnectionPool.from_url(
        settings.CELERY_BROKER_URL,
        max_connections=size,
        timeout=5,
        socket_connect_timeout=1,
        socket_timeout=socket_timeout,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )
    return Redis(connection_pool=pool)


def _readable(found: Iterable[tuple[bytes, dict[bytes, bytes]]]) -> Iterator[Entry]:
    """As entries; what another key sealed is passed over: the rows have it."""
    for entry_id, fields in found:
        with contextlib.suppress(Unreadable):
            data = wire.unsealed(fields[b"data"])
            yield Entry(entry_id.decode(), fields[b"event"].decode(), data)
