"""The product under gunicorn, on a free port and a database of its own, until the end."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.load import client, waiting

ROOT = Path(__file__).resolve().parents[2]
EVENTS = "SELECT id FROM events_event WHERE status = 'published' ORDER BY md5(id::text) LIMIT %s"
PEOPLE = "SELECT id FROM users_user WHERE email LIKE 'load%%' ORDER BY md5(id::text) LIMIT %s"


@dataclass
class Site:
    """A running server and what it runs on."""

    port: int
    pid: int
    database_url: str
    redis: Any

    def events(self, number):
        return self._column(EVENTS, number)

    def people(self, number):
        return self._column(PEOPLE, number)

    def _column(self, query, number):
        with psycopg.connect(self.database_url) as database:
            return [value for (value,) in database.execute(query, [number]).fetchall()]


@contextlib.contextmanager
def serving(database_url, redis, *, workers=1, streams=False):
    """Start the server, or the stream service, and end it afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "tests.load.settings",
        "PORT": str(port),
        "WEB_CONCURRENCY": str(workers),
    }
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py"]
    if streams:
        # All visitors of a load test have the same address.
        settings["RATE_LIMITS_ENABLED"] = "false"
        command += ["config.asgi", "--worker-class", "asgi", "--threads", "1"]
    else:
        command += ["config.wsgi"]
    process = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}"],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with ending(process):
        _wait(port, process)
        yield Site(port, process.pid, database_url, redis)


@contextlib.contextmanager
def ending(process):
    """End the process afterwards: asked first, then killed."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(port, process):
    def answers():
        with contextlib.suppress(OSError):
            return client.get(port, "/load/empty/")[0] == 200

    failure = "the server ended, or does not answer."
    waiting.wait_until(answers, seconds=60, failure=failure, every=0.2, process=process)


def manage(database_url, *arguments, quiet=True):
    """Run manage.py on that database; return how many seconds it took."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database_url},
        check=True,
        stdout=subprocess.DEVNULL if quiet else None,
    )
    return time.perf_counter() - began
