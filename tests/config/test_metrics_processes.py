"""Several processes are told as one, and none that is gone."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.metrics import counts

from .conftest import values

CELERY = ("celery", "-A", "config")
GUNICORN = ("gunicorn", "config.wsgi", "-c", "config/gunicorn.py", "--bind", "127.0.0.1:PORT")
NOWHERE = ("mutirao_requests_total", "GET", "none", "4xx")
ROOT = Path(__file__).parents[2]
COUNTER = """
import sys, django
django.setup()
from config.metrics import counts
for line in sys.stdin:
    counts.REQUESTS.labels("GET", "x/", "2xx").inc(int(line))
    counts.ACTIVE_REQUESTS.inc()
    print("counted", flush=True)
"""


class Process:
    """Counts as many requests as it is told, each time with one more that does not end."""

    def __init__(self, folder):
        self._process = subprocess.Popen(
            [sys.executable, "-c", COUNTER],
            env=environment(PROMETHEUS_MULTIPROC_DIR=str(folder)),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def count(self, number):
        print(number, file=self._process.stdin, flush=True)
        assert self._process.stdout.readline() == "counted\n"

    def kill(self):
        self._process.kill()
        self._process.communicate()


def environment(**variables):
    test = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **test, **variables}


@pytest.fixture
def process(tmp_path):
    started = []

    def start():
        started.append(Process(tmp_path))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def summed(folder):
    found = {
        sample.name: sample.value
        for metric in counts.Counted(None, str(folder)).collect()
        for sample in metric.samples
    }
    return found["mutirao_requests_total"], found.get("mutirao_active_requests", 0)


def test_processes_are_summed_and_a_dead_one_leaves_its_counts_but_no_gauge(process, tmp_path):
    first, second = process(), process()
    first.count(3)
    second.count(4)
    assert summed(tmp_path) == (7, 2)

    first.kill()
    assert summed(tmp_path) == (7, 1)

    files = sorted(tmp_path.iterdir())
    third = process()
    third.count(5)
    assert summed(tmp_path) == (12, 2)
    assert len(list(tmp_path.iterdir())) == len(files) + 1  # its gauge


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Program:
    """A server of ours, whose metrics are told at a port of its own."""

    def __init__(self, folder, *command, **variables):
        self._port = str(free_port())
        self._process = subprocess.Popen(
            [sys.executable, "-m", *[part.replace("PORT", self._port) for part in command]],
            env=environment(
                PROMETHEUS_MULTIPROC_DIR=str(folder), METRICS_PORT=self._port, **variables
            ),
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def ask(self, path):
        """Status and body of the answer; nothing while nobody listens there."""
        connection = http.client.HTTPConnection("127.0.0.1", int(self._port))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except ConnectionRefusedError:
            return None, ""
        finally:
            connection.close()

    def told(self):
        return values(self.ask("/metrics")[1])

    def children(self):
        found = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True)
        return {int(pid) for pid in found.stdout.split()}

    def kill_a_child(self):
        """Return when another has taken its place."""
        count, gone = len(self.children()), min(self.children())
        os.kill(gone, signal.SIGKILL)
        until(lambda: gone not in self.children() and len(self.children()) == count)

    def kill(self):
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def program(tmp_path):
    """Start a program that counts into the test's folder."""
    started = []

    def start(*command, **variables):
        started.append(Program(tmp_path, *command, **variables))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def until(is_so):
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_web_workers_are_summed_and_one_that_is_killed_loses_no_count(program):
    web = program(*GUNICORN, WEB_CONCURRENCY="2")
    until(lambda: web.ask("/liveness/")[0] == 200 and len(web.children()) == 2)

    for _ in range(2):
        before = web.told().get(NOWHERE, 0)
        assert {web.ask(f"/nowhere/{number}")[0] for number in range(40)} == {404}
        assert web.told()[NOWHERE] == before + 40

        web.kill_a_child()

    until(lambda: web.ask("/nowhere/")[0] == 404)
    assert web.told()[NOWHERE] >= 81
    assert web.told()["mutirao_active_requests",] == 0


def test_worker_sums_its_children_also_those_that_ended(program, send, tmp_path):
    task, queue = "celery.backend_cleanup", f"metrics-{os.getpid()}"
    worker = program(*CELERY, "worker", "-c", "2", "--max-tasks-per-child", "1", "-Q", queue)

    for _ in range(12):
        send(task, queue)

    until(lambda: worker.told().get(("mutirao_tasks_total", "success", task)) == 12)
    assert worker.told()["mutirao_task_seconds_count", task] == 12
    assert len(list(tmp_path.glob("counter_*.db"))) < 8  # not one for each child


def test_beat_has_a_port_too(program, tmp_path):
    scheduler = ("-S", "celery.beat.PersistentScheduler", "-s", str(tmp_path / "schedule"))

    beat = program(*CELERY, "beat", "--pidfile=", *scheduler)

    until(lambda: ("mutirao_beat_tick_seconds_count",) in beat.told())


def test_page_does_not_exist_for_who_is_not_allowed(program):
    web = program(*GUNICORN, METRICS_ALLOWED="10.0.0.0/8")
    until(lambda: web.ask("/liveness/")[0] == 200)

    assert web.ask("/metrics")[0] == 404


def test_port_hangs_up_on_who_is_not_allowed(program, tmp_path):
    scheduler = ("-S", "celery.beat.PersistentScheduler", "-s", str(tmp_path / "schedule"))
    beat = program(*CELERY, "beat", "--pidfile=", *scheduler, METRICS_ALLOWED="10.0.0.0/8")

    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        until(lambda: beat.ask("/metrics")[0])
