"""Parts die in the middle of their work, and nothing is lost or done twice."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.fleet import mail_sink, mails
from tests.fleet.conftest import eventually

# Of config/settings.py: after so long a message that nobody acknowledged is delivered again.
VISIBILITY = 60


def begun(fleet, prefix, number=1):
    eventually(lambda: len(mails.delivered(fleet, prefix, "begun")) >= number)


def test_backend_killed_under_load_costs_no_reader_anything(fleet):
    victim = fleet.containers("backend")[0]
    with fleet.traffic(readers=4, writers=2) as record:
        eventually(lambda: len(record.answers) > 100)
        fleet.kill(fleet.host_pid(victim))
        eventually(lambda: fleet.containers("backend")[0].restarts >= 1)
        eventually(lambda: fleet.inspect(victim)["State"]["Health"]["Status"] == "healthy")

    assert record.failed("GET") == {}
    assert sum(record.failed("POST").values()) <= 2
    assert fleet.each_write_took_effect_once(record)


def test_post_without_a_key_is_sent_to_nobody_else(fleet):
    """The replica that had it was killed, and no other could know whether it was done."""
    client, begun = fleet.client(fleet.token("writer")), {"X-Request-ID": "killed-in-flight"}
    waits = "SELECT host(client_addr) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    lock = "BEGIN; LOCK TABLE events_event IN SHARE MODE; SELECT pg_sleep(12); COMMIT"
    with ThreadPoolExecutor(2) as pool:
        held = pool.submit(fleet.sql, lock)
        eventually(lambda: fleet.sql("SELECT 1 FROM pg_locks WHERE mode = 'ShareLock' LIMIT 1"))
        asked = pool.submit(client.call, "POST", "/api/v1/events/", fleet.draft(), **begun)
        address = eventually(lambda: fleet.sql(waits))
        (victim,) = (one for one in fleet.containers("backend") if address in fleet.addresses(one))
        fleet.kill(fleet.host_pid(victim))
        status, _, headers = asked.result()
        held.result()

    assert (status, "Retry-After" in headers) == (503, True)
    (line,) = eventually(
        lambda: [one for one in fleet.lines("nginx") if begun["X-Request-ID"] in one]
    )
    assert len(json.loads(line)["upstream"].split(",")) == 1
    eventually(lambda: fleet.inspect(victim)["State"]["Health"]["Status"] == "healthy")


def test_killed_child_of_a_worker_is_replaced_and_its_task_done(fleet):
    mails.write(fleet, "slow-child", 1)
    begun(fleet, "slow-child")
    for one in fleet.containers("worker"):
        for pid in fleet.children(one):
            fleet.kill(pid)

    mails.wait(fleet, "slow-child", 1)

    assert mails.sent(fleet, "slow-child") == 1


def test_killed_worker_hands_its_task_to_another(fleet):
    mails.write(fleet, "slow-worker", 1)
    begun(fleet, "slow-worker")
    began = time.monotonic()
    for one in fleet.containers("worker"):
        fleet.kill(fleet.host_pid(one))

    mails.wait(fleet, "slow-worker", 1, patience=VISIBILITY + 30)

    assert time.monotonic() - began < VISIBILITY + 10 + mail_sink.SLOW
    eventually(lambda: all(one.status == "running" for one in fleet.containers("worker")))


def in_smtp(pid):
    """Whether the process talks to the mail server just now."""
    lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]
    mail = {line.split()[9] for line in lines if line.split()[2].endswith(":09DD")}
    held = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    return bool(held & {f"socket:[{inode}]" for inode in mail})


def letters(fleet):
    return int(fleet.sql("SELECT count(*) FROM config_deadletter WHERE reason = 'worker_lost'"))


def test_task_that_always_kills_its_worker_is_given_up_and_the_others_go_on(fleet):
    mails.write(fleet, "beside", 50)
    mails.write(fleet, "slow-poison", 1)
    for number in range(1, 9):
        eventually(
            lambda number=number: (
                letters(fleet) or len(mails.delivered(fleet, "slow-poison", "begun")) >= number
            )
        )
        if letters(fleet):
            break
        for one in fleet.containers("worker"):
            for pid in filter(in_smtp, fleet.children(one)):
                fleet.kill(pid)

    mails.wait(fleet, "beside", 50)
    assert letters(fleet) == 1
    assert len(mails.delivered(fleet, "slow-poison", "begun")) == 3


def test_terminated_workers_lose_none_of_two_hundred(fleet):
    mails.write(fleet, "warm", 200)
    for one in fleet.containers("worker"):
        fleet.kill(fleet.host_pid(one), signal.SIGTERM)

    mails.wait(fleet, "warm", 200)

    assert sorted(mails.delivered(fleet, "warm")) == sorted(set(mails.delivered(fleet, "warm")))
    assert len(mails.delivered(fleet, "warm")) == 200


def test_killed_beat_goes_on_where_it_was(fleet):
    (beat,) = fleet.containers("beat")
    read = "SELECT count(*) FROM config_periodicrun WHERE name = 'waiting-event-mails'"
    fleet.kill(fleet.host_pid(beat))
    eventually(lambda: fleet.containers("beat")[0].restarts > beat.restarts)
    before = int(fleet.sql(read))
    began = time.monotonic()

    eventually(lambda: int(fleet.sql(read)) > before)

    assert time.monotonic() - began < 30  # it is due every ten


def test_hung_replica_serves_again_within_a_minute(fleet):
    """Stopped, not ended: nothing but its own watchdog would notice."""
    victim = fleet.containers("backend")[0]
    for pid in fleet.processes(victim, "bin/gunicorn"):
        fleet.kill(pid, signal.SIGSTOP)
    began = time.monotonic()

    eventually(lambda: fleet.containers("backend")[0].restarts > victim.restarts, patience=70)
    eventually(lambda: fleet.inspect(victim)["State"]["Health"]["Status"] == "healthy")

    assert time.monotonic() - began < 60
