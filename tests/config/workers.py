"""Real workers and beats, and a broker of one's own, for tests that kill them."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import redis
from django.conf import settings
from django.db import connection

from embedded import ports
from embedded.valkey import LASTING, Valkey


def until(condition, within=20):
    """Return once the condition holds."""
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end, "It did not come to pass."
        time.sleep(0.05)


def environment(broker_url, **variables):
    """That of a worker of ours on the database of this test."""
    server = os.environ["DATABASE_URL"].rpartition("/")[0]
    return {
        **os.environ,
        "DATABASE_URL": f"{server}/{connection.settings_dict['NAME']}",
        "BROKER_URL": broker_url,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONWARNINGS": "default",
        **variables,
    }


class Program:
    """A worker or beat with its children, in a session of its own."""

    def __init__(self, folder, broker_url, *command, **variables):
        self.sign = folder / f"{time.monotonic_ns()}.heartbeat"
        self.output = self.sign.with_suffix(".log").open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "celery", "-A", "tests.config.doomed", *command],
            cwd=settings.BASE_DIR,
            env=environment(broker_url, HEARTBEAT_FILE=str(self.sign), **variables),
            stdout=self.output,
            stderr=self.output,
            start_new_session=True,
        )

    def wait(self):
        """Its first sign of life comes when it takes tasks, or has sent what was due."""
        until(lambda: self.sign.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text
        return self

    def end(self):
        """Ask for a warm shutdown; from here on it takes no more tasks."""
        self.process.send_signal(signal.SIGTERM)
        until(lambda: "Warm shutdown" in self.text)

    def kill(self):
        """As if the machine went away: the main process and all its children at once."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.output.close()

    def is_silent(self):
        """Whether it gives no sign of life, in the time of five."""
        self.sign.unlink(missing_ok=True)
        time.sleep(1)
        return not self.sign.exists()

    @property
    def text(self):
        return Path(self.output.name).read_text("utf-8")


class Broker:
    """A Valkey as in production: what it took is on its disk."""

    def __init__(self, folder):
        self.server = Valkey(folder / "broker", ports.free(set()), "secret", LASTING)
        self.server.prepare()
        self.url = f"redis://:secret@127.0.0.1:{self.server.port}/0"
        self.start()

    def start(self):
        self.process = subprocess.Popen(self.server.command, stdout=subprocess.DEVNULL)
        until(self.server.is_ready)

    def stop(self):
        self.process.terminate()
        self.process.wait()

    close = stop


def worker(folder, broker_url, *, children=1, **variables):
    options = (f"--concurrency={children}", "--without-gossip", "--without-mingle")
    return Program(folder, broker_url, "worker", *options, **variables)


@contextmanager
def running(*programs):
    """They are there, and gone at the end."""
    try:
        yield [program.wait() for program in programs]
    finally:
        for program in programs:
            program.kill()


def started(folder, broker_url, number=1, **options):
    """So many workers."""
    return running(*[worker(folder, broker_url, **options) for _ in range(number)])


def messages(url):
    """All that the broker holds: queued, and handed out but not acknowledged."""
    with redis.Redis.from_url(url) as client:
        queued = sum(client.llen(name) for name in ("default", "mail", "video"))
        return queued + client.hlen("unacked")
