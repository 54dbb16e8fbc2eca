"""The broker and the cache go away, hang, fill up or forget; the rows know what is left to do."""

import signal
import time

from fleet import compose
from fleet.refusal import Refused
from tests.fleet import mails
from tests.fleet.conftest import eventually


def test_restarted_broker_loses_none_of_a_thousand(fleet):
    """Nor one that a worker had just taken out, and could not note down that it has it.

    Of those, one at each worker, only their rows know; that is what the sweep is for.
    """
    fleet.compose("stop", "beat")
    mails.write(fleet, "restart", 1000)
    fleet.compose("restart", "redis-broker")
    eventually(lambda: "PONG" in ping(fleet))
    eventually(lambda: held(fleet) == 0, patience=240)
    left = 1000 - mails.sent(fleet, "restart")
    fleet.compose("start", "beat")
    mails.grow_old(fleet)

    mails.wait(fleet, "restart", 1000)

    # At each worker one more may just have been under way.
    assert left <= 2 * len(fleet.containers("worker"))
    assert sorted(mails.delivered(fleet, "restart")) == sorted(
        set(mails.delivered(fleet, "restart"))
    )


def held(fleet):
    """How many mails wait, or are with a worker."""
    return sum(int(fleet.redis("redis-broker", ask)) for ask in ("llen mail", "hlen unacked"))


def test_cut_tail_of_the_append_only_file_costs_nothing_in_the_end(fleet):
    """Redis drops the half command and goes on; what it forgot, the sweep finds by its rows."""
    fleet.compose("stop", "worker", "beat")
    mails.write(fleet, "tail", 50)
    fleet.compose("stop", "redis-broker")
    once = ("run", "--rm", "--no-deps", "--entrypoint", "sh", "redis-broker", "-c")
    cut = "f=$(ls /data/appendonlydir/*.incr.aof) && truncate -s -2000 $f && echo $f"
    assert "aof" in fleet.compose(*once, cut)
    fleet.compose("start", "redis-broker", "worker", "beat")

    mails.grow_old(fleet)
    mails.wait(fleet, "tail", 50)


def test_killed_broker_is_back_in_ten_seconds_and_costs_no_request(fleet):
    with fleet.traffic(readers=2, writers=2) as record:
        eventually(lambda: len(record.answers) > 50)
        mails.write(fleet, "killed", 100)
        before = fleet.containers("redis-broker")[0].restarts
        fleet.kill(fleet.processes(fleet.containers("redis-broker")[0], "redis-server")[-1])
        began = time.monotonic()
        eventually(lambda: "PONG" in ping(fleet), pause=0.1)
        took = time.monotonic() - began
    mails.grow_old(fleet)
    mails.wait(fleet, "killed", 100)

    assert fleet.containers("redis-broker")[0].restarts == before + 1
    assert took < 10
    assert (record.failed("GET"), record.failed("POST")) == ({}, {})


def ping(fleet):
    try:
        return fleet.redis("redis-broker", "ping")
    except Refused:
        return ""  # the container is down


def test_hung_broker_costs_the_web_less_than_two_seconds(fleet):
    client, draft = fleet.client(fleet.token()), fleet.draft()
    person = fleet.client(fleet.token("joiner"))
    event = fleet.open_event()
    server = fleet.processes(fleet.containers("redis-broker")[0], "redis-server")[-1]
    fleet.kill(server, signal.SIGSTOP)
    try:
        took, statuses = [], []
        for call in (
            lambda: client.call("POST", "/api/v1/events/", draft),
            lambda: person.call("POST", f"/api/v1/events/{event}/join/", {}),
            lambda: client.call("GET", "/api/v1/events/"),
        ):
            began = time.monotonic()
            statuses.append(call()[0])
            took.append(time.monotonic() - began)
    finally:
        fleet.kill(server, signal.SIGCONT)

    assert statuses == [201, 201, 200]
    assert max(took) < 2
    waiting = f"event_id = {event} AND sent_at IS NULL"
    query = f"SELECT count(*) FROM events_eventnotification WHERE {waiting}"
    mails.grow_old(fleet)
    eventually(lambda: fleet.sql(query) == "0")
    assert "joiner@example.org" in fleet.mails()


def test_full_cache_evicts_and_the_queue_does_not_notice(fleet):
    fleet.compose("stop", "worker")
    mails.write(fleet, "full", 20)
    waiting = fleet.redis("redis-broker", "llen mail")
    fill = (
        "import os; from django_redis import get_redis_connection\n"
        "pipe = get_redis_connection('default').pipeline(transaction=False)\n"
        "for n in range(260): pipe.set(f'fill:{n}', os.urandom(1_000_000))\n"
        "pipe.execute()"
    )
    fleet.python(fill)
    evicted = fleet.redis("redis-cache", "info stats | grep evicted_keys")

    assert int(evicted.split(":")[1]) > 0
    assert fleet.redis("redis-broker", "llen mail") == waiting
    assert fleet.containers("redis-cache")[0].restarts == 0
    fleet.compose("start", "worker")
    mails.wait(fleet, "full", 20)


def test_flushed_cache_is_computed_about_once_for_each_key(fleet):
    """The list is asked for by many at once; Postgres counts how often it was read."""
    lists = "query ILIKE '%json%events_event%'"
    read = f"SELECT COALESCE(sum(calls), 0) FROM pg_stat_statements WHERE {lists}"
    fleet.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    with fleet.traffic(readers=16, writers=0) as record:
        eventually(lambda: len(record.answers) > 200)
        before = int(float(fleet.sql(read)))
        for _ in range(5):
            fleet.redis("redis-cache", "flushall")
            seen = len(record.answers)
            eventually(lambda seen=seen: len(record.answers) > seen + 100)
        computed = int(float(fleet.sql(read))) - before

    assert record.failed("GET") == {}
    assert 5 <= computed <= 6


def test_cache_that_is_away_makes_it_slower_and_nothing_else(fleet):
    lives = fleet.lives()
    fleet.compose("stop", "redis-cache")
    try:
        with fleet.traffic(readers=2, writers=1) as record:
            eventually(lambda: len(record.answers) > 100)
    finally:
        fleet.compose("start", "redis-cache")

    assert record.failed("GET") == {}
    assert record.failed("POST") == {}
    assert record.quantile(0.95) < 2
    assert fleet.lives() == lives


def test_two_beats_send_each_slot_once(fleet):
    """What was sent is counted with each sending, apart from the rows of the slots."""
    mine = "name = 'waiting-event-mails'"
    slots = f"(SELECT count(*) FROM config_periodicrun WHERE {mine})"
    read = f"SELECT total_run_count, {slots} FROM django_celery_beat_periodictask WHERE {mine}"
    sent, noted = map(int, fleet.sql(read).split("|"))
    compose.compose("up", "--detach", "--no-deps", "--no-recreate", "--scale", "beat=2", "beat")

    eventually(lambda: int(fleet.sql(read).split("|")[1]) >= noted + 4)

    compose.compose("up", "--detach", "--no-deps", "--no-recreate", "--scale", "beat=1", "beat")
    sent_after, noted_after = map(int, fleet.sql(read).split("|"))
    assert sent_after - sent == noted_after - noted


def test_broker_that_is_full_costs_nobody_anything(fleet):
    """It refuses to keep one more message; the row waits, and the sweep finds it."""
    person = fleet.client(fleet.token("fuller"))
    event = fleet.open_event()
    fleet.redis("redis-broker", "config set maxmemory 1mb")
    try:
        status, body, _ = person.call("POST", f"/api/v1/events/{event}/join/", {})
    finally:
        fleet.redis("redis-broker", "config set maxmemory 192mb")

    assert status == 201, body
    mails.grow_old(fleet)
    eventually(lambda: "fuller@example.org" in fleet.mails())
