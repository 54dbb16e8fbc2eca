"""Versions come out and are taken back while people use the site."""

import socket
import subprocess
import threading
import time

import pytest

from fleet import compose, smoke, state
from fleet.refusal import Refused
from fleet.site import Site
from tests.fleet.conftest import eventually

MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "{last}")]
    operations = [
        migrations.AddField("event", "note", models.CharField(max_length=9, db_default="")),
    ]
"""


def build(fleet, tag, *steps, base="local", user="1000", of=("", "-video")):
    """Make a version that differs from the running one by these steps of a Dockerfile."""
    for name in (f"{fleet.project}{kind}" for kind in of):
        lines = [f"FROM {name}:{base}", "USER 0", *steps, f"USER {user}"]
        done = subprocess.run(
            ["docker", "build", "--tag", f"{name}:{tag}", "-"],
            input="\n".join(lines),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def second(fleet):
    """The next version: it answers another number, and has one more column."""
    last = fleet.sql("SELECT max(name) FROM django_migrations WHERE app = 'events'")
    text = MIGRATION.format(last=last).replace("\n", "\\n")
    path = "/app/events/migrations/9999_note.py"
    build(fleet, "second", f"RUN printf '{text}' > {path}", "ENV VERSION_OF_TEST=second")
    return "second"


def tags(fleet, *services):
    return {one.image.rsplit(":", 1)[1] for name in services for one in fleet.containers(name)}


def versions(fleet, *services):
    """What the containers themselves say."""
    return {
        compose.execute(one, "printenv", "APP_VERSION").strip()
        for name in services
        for one in fleet.containers(name)
    }


def ids(fleet, *services):
    return {one.id for name in services for one in fleet.containers(name)}


ALL = ("backend", "stream", "worker", "worker-video", "beat")


def test_restarted_backends_fail_no_request_of_any_method(fleet):
    before = {
        one.name: fleet.processes(one, "bin/gunicorn")[1:] for one in fleet.containers("backend")
    }
    with fleet.traffic(readers=4, writers=2) as record:
        eventually(lambda: len(record.answers) > 100)
        fleet.make("restart-backends")
        for one in fleet.containers("backend"):
            eventually(
                lambda one=one: (
                    not set(fleet.processes(one, "bin/gunicorn")[1:]) & set(before[one.name])
                )
            )
        seen = len(record.answers)
        eventually(lambda: len(record.answers) > seen + 200)

    assert (record.failed("GET"), record.failed("POST")) == ({}, {})


def test_new_version_comes_out_without_a_gap_and_migrates_first(fleet, second):
    """Somebody holds the table for a while: the migration is patient, readers are not held up."""
    freed = []

    def hold():
        fleet.sql("BEGIN; LOCK TABLE events_event IN ACCESS SHARE MODE; SELECT pg_sleep(8); COMMIT")
        freed.append(time.time())

    holder = threading.Thread(target=hold)
    holder.start()
    with fleet.traffic(readers=3, writers=2, read="/api/v1/events/?search=a") as record:
        said = fleet.make("deploy", TAG=second)
        eventually(lambda: len(record.answers) > 100)
    holder.join()

    assert "works" in said
    assert tags(fleet, *ALL) == {"second"}
    assert state.read()["TAG"] == "second"
    assert record.failed("GET") == {}
    held_up = [seconds for _, _, seconds, at in record.answers if at < freed[0] + 1]
    assert max(held_up) < 3
    assert sum(record.failed("POST").values()) <= 3
    assert fleet.each_write_took_effect_once(record)
    assert fleet.sql("SELECT count(note) FROM events_event") != "0"
    assert [len(fleet.containers(name)) for name in ALL] == [3, 1, 2, 3, 1]
    assert versions(fleet, *ALL) == {"second"}
    _, health, _ = fleet.client().call("GET", "/health")
    assert health["version"] == "second"


def test_up_after_a_deploy_leaves_all_containers_as_they_are(fleet, second):
    if state.read().get("TAG") != second:
        fleet.make("deploy", TAG=second)
    before = ids(fleet, *ALL)

    fleet.make("up")

    assert ids(fleet, *ALL) == before


def test_version_that_does_not_load_changes_nothing(fleet, second):
    build(fleet, "unloadable", "RUN echo 'raise SystemExit(3)' > /app/config/wsgi.py")
    before = ids(fleet, *ALL)

    with fleet.traffic(readers=2, writers=1) as record:
        said = fleet.make("deploy", fails=True, TAG="unloadable")

    assert "unloadable was not deployed" in said
    assert ids(fleet, *ALL) == before
    assert (record.failed("GET"), record.failed("POST")) == ({}, {})
    assert state.read().get("TAG", "local") != "unloadable"


def test_another_image_under_the_name_of_what_runs_is_not_deployed(fleet):
    """Neither as it is, nor one of another name that could not be taken back to it."""
    running = state.tag()
    both = (*fleet.containers("backend"), *fleet.containers("worker-video"))
    named = {one.image: one.image_id for one in both}
    before = ids(fleet, *ALL)
    build(fleet, "next", "LABEL another=one", base=running)
    try:
        build(fleet, running, "LABEL another=one", base=running)
        said = [fleet.make("deploy", fails=True, TAG=tag) for tag in (running, "next")]
    finally:
        for image, own in named.items():
            compose.run("docker", "tag", own, image)

    assert all("a name of its own" in one for one in said)
    assert ids(fleet, *ALL) == before


def test_version_that_docker_cannot_start_is_taken_back_and_leaves_nothing(fleet):
    build(fleet, "unstartable")
    build(fleet, "unstartable", of=("-video",), user="nobody-there")
    running = tags(fleet, "worker-video")

    said = fleet.make("deploy", fails=True, TAG="unstartable", SERVICE="worker-video")

    assert "unstartable is taken back." in said
    assert "runs again" in said
    assert tags(fleet, "worker-video") == running
    assert {one.status for one in fleet.containers("worker-video")} == {"running"}


def test_broken_version_is_taken_back_by_itself(fleet, second):
    """It loads where it is tried, and not where it serves."""
    line = 'import sys; sys.argv[0].endswith("gunicorn") and sys.exit("It is broken.")'
    build(fleet, "broken", f"RUN sed -i '1i {line}' /app/config/wsgi.py")
    running = tags(fleet, *ALL)
    began = time.monotonic()
    with fleet.traffic(readers=2, writers=1) as record:
        said = fleet.make("deploy", fails=True, TAG="broken")

    assert time.monotonic() - began < 300
    assert "was not deployed" in said
    assert said.count("Attempt") == 3
    assert "It is broken." in said
    assert tags(fleet, *ALL) == versions(fleet, *ALL) == running
    assert state.read().get("TAG", "local") != "broken"
    assert (record.failed("GET"), record.failed("POST")) == ({}, {})
    assert fleet.each_write_took_effect_once(record)


def test_rollback_is_quick_and_costs_no_reader_anything(fleet, second):
    fleet.make("deploy", TAG=second)
    began = time.monotonic()
    with fleet.traffic(readers=3, writers=1) as record:
        said = fleet.make("rollback")

    assert time.monotonic() - began < 120
    assert "local of backend" in said
    assert tags(fleet, *ALL) == {"local"}
    assert record.failed("GET") == {}
    assert fleet.each_write_took_effect_once(record)
    assert compose.config()["services"]["backend"]["image"].endswith(":local")


def test_one_service_goes_back_to_the_version_of_the_others(fleet):
    """The version does not know the last migration, and needs not."""
    build(fleet, "third")
    others = [name for name in ALL if name != "beat"]
    noted, before = state.tag(), ids(fleet, *others)
    fleet.make("deploy", TAG="third", SERVICE="beat")
    assert versions(fleet, "beat") == {"third"}

    said = fleet.make("rollback")

    assert f"{noted} of beat runs" in said
    assert versions(fleet, "beat") == {noted}
    assert ids(fleet, *others) == before
    assert "BEAT_TAG" not in state.read()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{half",
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"services": []}',
    ],
)
def test_any_answer_that_is_not_understood_is_refused(answer):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            line, _ = server.accept()
            with line:
                line.recv(9999)
                line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        with pytest.raises(Refused):
            smoke.walk(Site(f"http://127.0.0.1:{server.getsockname()[1]}"), "", "")
        thread.join()
