"""The launcher for real, with real servers and processes, around the stub project."""

import json
import os
import signal
import socket
import time
import urllib.request
from pathlib import Path

import pytest

from embedded import leftovers

from .conftest import until

pytestmark = [
    # Each brings up ten processes: never beside each other.
    pytest.mark.xdist_group("embedded"),
    pytest.mark.timeout(300),
    pytest.mark.skipif(not leftovers.PROCESSES.exists(), reason="needs /proc"),
]


def test_a_start_survives_kills_and_ends_clean(clone):
    process = clone.start_and_wait()

    assert _answer(clone) == "ready"
    assert clone.folder.stat().st_mode & 0o777 == 0o700
    _refuses_a_second_start(clone)
    for words in (
        "gunicorn",
        "celery -A config worker",
        "celery -A config beat",
        "postgres",
        "valkey-server",
    ):
        clone.kill_and_wait_for_another(words)
    until(lambda: _answer(clone) == "ready", 30)
    _ends_in_time(clone, process)
    assert process.returncode == 0


def _refuses_a_second_start(clone):
    before = clone.text
    second = clone.start()

    assert second.wait(20) == 1
    assert f"already running in this clone at http://localhost:{clone.port}/" in clone.text
    clone.output.write_text(before)


def _ends_in_time(clone, process):
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(10)

    assert time.monotonic() - began < 10
    assert clone.processes() == []


def test_development_survives_a_kill_of_what_serves(clone):
    process = clone.start("dev")
    clone.wait_for_text("Mutirão is up", process)

    clone.kill_and_wait_for_another("embedded.reload gunicorn")

    until(lambda: _answer(clone) == "ready", 30)
    _ends_in_time(clone, process)


def test_manage_works_on_what_runs_and_refuses_when_nothing_does(clone):
    shown = 'import os; print(os.environ["DOMAIN"])'
    process = clone.start_and_wait()

    asked = clone.start("manage", ARGS=f"shell -c '{shown}'")
    assert asked.wait(30) == 0
    assert f"localhost:{clone.port}" in clone.text

    process.kill()
    process.wait()
    until(lambda: clone.processes() == [], 15)
    assert clone.start("manage", ARGS="check").wait(20) == 1
    assert "nothing is running in this clone" in clone.text


def test_nothing_is_left_when_the_manager_or_all_is_killed(clone):
    process = clone.start_and_wait()
    password = _staff_password(clone)
    os.kill(_manager(clone), signal.SIGKILL)

    assert process.wait(10) == 1
    assert "the process manager ended" in clone.text
    assert clone.processes() == []

    counts = clone.folder / "metrics" / "counter_7.db"
    counts.parent.mkdir(exist_ok=True)
    counts.touch()
    process = clone.start_and_wait()
    assert not counts.exists()
    assert "Staff account" not in clone.text  # not again: nothing was lost
    assert _staff_password(clone) == password
    for pid in (process.pid, _manager(clone)):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    until(lambda: clone.processes() == [], 15)


def test_a_port_in_use_is_refused_before_anything_starts(clone):
    with socket.socket() as server:
        server.bind(("127.0.0.1", clone.port))
        server.listen()
        process = clone.start()

        assert process.wait(20) == 1
    assert f"port {clone.port} is in use" in clone.text
    assert not (clone.folder / "postgres").exists()


def _manager(clone):
    return int((clone.folder / "manager.pid").read_text())


def _staff_password(clone):
    return json.loads((clone.folder / "keys.json").read_text())["staff_password"]


def _answer(clone):
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{clone.port}/readiness/", timeout=5
        ) as answer:
            return answer.read().decode()
    except OSError:
        return None


def test_mails_and_media_stay_in_the_folder_of_state():
    root = Path(__file__).parents[2]

    assert ".run/" in (root / ".gitignore").read_text().splitlines()
