"""The streams on the broker, from within one process."""

import asyncio
import uuid
from contextlib import asynccontextmanager

import pytest
import redis
from cryptography.fernet import Fernet
from django.conf import settings
from rest_framework.exceptions import Throttled

from leads.models import Message
from leads.services import erasing
from leads.streams import publishing, wire
from leads.streams.hub import Hub
from tests.leads.making import conversation


@pytest.fixture
def broker():
    publishing._redis.cache_clear()
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        yield client
    publishing._redis().close()


@asynccontextmanager
async def hubs(number):
    """Counters of so many processes."""
    made = [Hub() for _ in range(number)]
    try:
        yield made
    finally:
        for one in made:
            for task in one._tasks:
                task.cancel()
            await asyncio.gather(*one._tasks, return_exceptions=True)
            await one._pubsub.aclose()
            for client in (one._redis, one._listener):
                await client.aclose(close_connection_pool=True)


async def is_admitted(hub, visitor):
    try:
        return bool(await hub.admit(visitor))
    except Throttled:
        return False


@pytest.mark.parametrize("processes", [1, 2])
def test_of_many_who_come_at_once_five_have_a_place(broker, processes):
    async def come():
        async with hubs(processes) as counters:
            visitor = uuid.uuid4()
            asked = [is_admitted(counters[number % processes], visitor) for number in range(20)]
            return await asyncio.gather(*asked), await is_admitted(counters[0], uuid.uuid4())

    admitted, is_another_admitted = asyncio.run(come())

    assert admitted.count(True) == 5
    assert is_another_admitted


def test_a_process_that_died_keeps_no_place(broker, monkeypatch):
    monkeypatch.setattr(wire, "RENEWED", 2)

    async def die_and_come():
        visitor = uuid.uuid4()
        async with hubs(2) as (dead, alive):
            for _ in range(4):
                await dead.admit(visitor)
            cursor, place = await alive.admit(visitor)
            ends = await alive.redis.zscore(wire.readers_key(visitor), place)
            async with alive.reader(visitor, cursor, place), asyncio.timeout(10):
                while (await alive.redis.time())[0] <= ends:
                    await alive._beat()
                return [await is_admitted(alive, visitor) for _ in range(5)]

    assert asyncio.run(die_and_come()) == [True] * 4 + [False]


def test_who_leaves_gives_the_place_back(broker):
    async def come_and_go():
        visitor = uuid.uuid4()
        async with hubs(1) as (hub,), asyncio.timeout(wire.RENEWED - 5):
            places = [await hub.admit(visitor) for _ in range(wire.OF_VISITOR)]
            async with hub.reader(visitor, *places[0]):
                was_admitted = await is_admitted(hub, visitor)
            while not await is_admitted(hub, visitor):  # leaving is not waited for
                pass
            return was_admitted

    assert asyncio.run(come_and_go()) is False


@pytest.mark.django_db(transaction=True)
def test_erasing_deletes_the_stream(broker):
    kept, gone = conversation("Rosa"), conversation("Iracema")
    for one in (kept, gone):
        message = Message.objects.create(conversation=one, author="staff", text="Oi, Iracema!")
        publishing.publish_message(message)
    key = wire.stream_key(gone.public_id)
    assert b"Iracema" not in broker.xrange(key)[0][1][b"data"]

    erasing.erase(gone.lead)

    assert not broker.exists(key)
    assert broker.exists(wire.stream_key(kept.public_id))


@pytest.mark.django_db(transaction=True)
def test_erasing_waits_for_no_broker(settings):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    publishing._redis.cache_clear()
    gone = conversation("Iracema")

    erasing.erase(gone.lead)

    publishing._redis.cache_clear()
    publishing.nudge.BREAKER.reset()
    assert not Message.objects.exists()


def test_what_another_key_sealed_is_passed_over(broker):
    visitor = uuid.uuid4()
    publishing._write(visitor, "token", {"text": "um"})
    for content in (Fernet(Fernet.generate_key()).encrypt(b"{}"), b'{"text": "x"}'):
        broker.xadd(wire.stream_key(visitor), {"event": "token", "data": content})
    publishing._write(visitor, "token", {"text": "dois"})

    async def read():
        async with hubs(1) as (hub,):
            return await hub.entries(visitor, after="0-0")

    assert [entry.fields["text"] for entry in asyncio.run(read())] == ["um", "dois"]
