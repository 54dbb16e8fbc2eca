"""More and fewer replicas under load, by the make targets that operators use."""

import json
from collections import Counter

import pytest

from fleet import compose, state
from tests.fleet import mails
from tests.fleet.conftest import eventually


def spread(fleet, since):
    """How many list requests each replica has answered, by nginx' own log."""
    lines = fleet.lines("nginx", "--since", since)
    requests = [json.loads(line) for line in lines if line.startswith('{"event":"request"')]
    return Counter(one["upstream"] for one in requests if one["path"] == "/api/v1/events/")


def now(fleet):
    return fleet.sql("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")


def uses(fleet, number):
    """Whether requests of the last moments went to so many replicas, and none much more often."""
    since = now(fleet)
    with fleet.traffic(readers=6, writers=0) as record:
        eventually(lambda: len(record.answers) > 300)
    found = spread(fleet, since)
    return len(found) == number and max(found.values()) < 2.5 * min(found.values())


def test_load_is_spread_over_all_replicas_as_they_come_and_go(fleet):
    assert eventually(lambda: uses(fleet, 3))
    fleet.make("scale-backends", N=2)
    with fleet.traffic(readers=4, writers=2) as record:
        said = fleet.make("scale-backends", N=5)  # more new ones than nginx has tries
        assert "5 replicas" in said
        eventually(lambda: uses(fleet, 5))
        fleet.make("scale-backends", N=2)
        eventually(lambda: uses(fleet, 2))
    fleet.make("scale-backends", N=3)

    assert (record.failed("GET"), record.failed("POST")) == ({}, {})
    assert fleet.each_write_took_effect_once(record)


def test_four_workers_share_the_tasks_and_lose_none_when_two_leave(fleet):
    since = now(fleet)
    fleet.make("scale-workers", N=4)
    mails.write(fleet, "shared", 400)
    eventually(lambda: mails.sent(fleet, "shared") > 200)
    logs = fleet.logs("worker", "--since", since)
    fleet.make("scale-workers", N=2)

    mails.wait(fleet, "shared", 400)

    delivered = mails.delivered(fleet, "shared")
    assert len(delivered) == len(set(delivered)) == 400
    assert len(logs) == 4
    assert all("send_event_notification_email" in text for text in logs.values())
    assert len(fleet.containers("worker")) == 2


@pytest.mark.parametrize(
    ("target", "service"),
    [("scale-streams", "stream"), ("scale-video-workers", "worker-video")],
)
def test_each_kind_of_replica_grows_and_shrinks(fleet, target, service):
    before = fleet.containers(service)

    fleet.make(target, N=len(before) + 1)
    grown = fleet.containers(service)
    fleet.make(target, N=len(before))

    assert [one.id for one in grown[:-1]] == [one.id for one in before]
    assert len(grown) == len(before) + 1
    assert [one.id for one in fleet.containers(service)] == [one.id for one in before]


@pytest.mark.parametrize(
    ("target", "variables", "reason"),
    [
        ("scale-backends", {"N": "0"}, "N must be a whole number"),
        ("scale-backends", {"N": "abc"}, "N must be a whole number"),
        ("scale-backends", {}, "N must be a whole number"),
        ("scale-workers", {"N": "-1"}, "N must be a whole number"),
        ("scale-backends", {"N": "60"}, "100: backend 60 × 3"),
        ("restore-db", {}, "FILE is missing"),
        ("restore-db", {"FILE": "/nowhere.tar.gz"}, "There is no file"),
        ("deploy", {}, "TAG is missing"),
        ("deploy", {"TAG": "nowhere"}, "There is no image"),
        ("deploy", {"TAG": "local", "SERVICE": "postgres"}, "SERVICE must be one of"),
        ("smoke", {"URL": "nonsense"}, "URL must be like"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_sentence(fleet, target, variables, reason):
    said = fleet.make(target, fails=True, **variables)

    assert reason in said
    assert "Traceback" not in said


def test_what_operators_ask_is_answered(fleet):
    assert fleet.make("status").count("backend-") == 3
    assert "MiB" in fleet.make("info")
    assert "200 healthy" in fleet.make("health")
    assert "mail" in fleet.make("celery-status")
    assert "works" in fleet.make("smoke")


def test_what_a_killed_command_left_counts_for_no_replica(fleet):
    left = f"{fleet.project}-worker-run-3fa9"
    fleet.compose("run", "--detach", "--no-deps", "--name", left, "worker", "sleep", "120")
    try:
        said = fleet.make("status")
        found = [one.id for one in fleet.containers("worker")]
    finally:
        compose.run("docker", "rm", "--force", left)

    assert left not in said
    assert len(found) == 2


def test_two_commands_never_change_the_fleet_at_once(fleet):
    before = state.read()

    with state.alone():
        said = fleet.make("scale-backends", N=2, fails=True)
        assert fleet.make("status").count("backend-") == 3

    assert "Another command" in said
    assert state.read() == before
