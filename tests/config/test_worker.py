"""How a web process ends under load: whom it took is answered, and nobody else waits for it."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from embedded import ports
from tests.config.workers import until

REQUEST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FINE = b"HTTP/1.1 200 OK\r\n"


class Site:
    """One process of our worker class, with tests/config/held.py to serve."""

    def __init__(self, folder, **variables):
        self.port, self.released = ports.free(set()), folder / "released"
        self.log = folder / "gunicorn.log"
        command = [sys.executable, "-m", "gunicorn", "tests.config.held", "--workers", "1"]
        command += ["-c", "config/gunicorn.py", "--bind", f"127.0.0.1:{self.port}"]
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                cwd=settings.BASE_DIR,
                env={**os.environ, "HELD_UNTIL": str(self.released), **variables},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self):
        until(lambda: not self.refuses())
        return self

    def refuses(self):
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) != 0

    def ask(self):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        client.sendall(REQUEST)
        return client

    def worker(self):
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        return int(Path(path).read_text("ascii").split()[0])

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def start(tmp_path):
    """Starts the site with such variables."""
    started = []

    def make(**variables):
        started.append(Site(tmp_path, **variables))
        return started[-1]

    yield make
    for site in started:
        site.kill()


@pytest.fixture
def site(start):
    return start().wait()


def answer(client):
    with client:
        return client.makefile("rb").readline()


def test_while_it_loads_nobody_is_let_in_to_wait(start, tmp_path):
    loaded = tmp_path / "loaded"
    site = start(LOADED_WHEN=str(loaded))
    until(lambda: "It loads." in site.log.read_text("utf-8"))

    refuses = site.refuses()
    loaded.touch()
    site.released.touch()

    assert refuses
    assert answer(site.wait().ask()) == FINE


def test_while_the_last_answer_is_awaited_others_are_turned_away(site):
    client = site.ask()

    site.process.terminate()

    until(site.refuses, within=10)
    site.released.touch()
    assert answer(client) == FINE


def test_who_stood_in_the_queue_by_then_is_answered(site):
    site.released.touch()
    assert answer(site.ask()) == FINE
    worker = site.worker()
    os.kill(worker, signal.SIGSTOP)
    clients = [site.ask() for _ in range(5)]

    site.process.terminate()
    until(lambda: "Handling signal: term" in site.log.read_text("utf-8"))
    os.kill(worker, signal.SIGCONT)

    assert [answer(client) for client in clients] == [FINE] * 5
