"""A real stream service, and visitors with sockets of their own."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
import uuid

from django.conf import settings

from tests.config.workers import environment, until

OURS = {
    "ENVIRONMENT": "development",
    "RATE_LIMITS_ENABLED": "false",
    "PYTHONDONTWRITEBYTECODE": "1",
    "DATABASE_POOL_SIZE": "2",
    "CHAT_GREETING": "Hello, CIMT!",
}


class Service:
    """Gunicorn with its ASGI worker, on the database and the broker of this test."""

    def __init__(self, folder, port, **variables):
        self.port, self.opened = port, []
        self.log = folder / f"streams-{port}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "tests.leads.site", "-c", "config/gunicorn.py"]
                + ["--worker-class", "asgi", "--bind", f"127.0.0.1:{port}", "--workers", "1"],
                cwd=settings.BASE_DIR,
                env=environment(settings.CELERY_BROKER_URL, **OURS) | variables,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def wait(self):
        until(lambda: self.is_up() or self.process.poll() is not None)
        assert self.process.poll() is None, self.text
        return self

    def is_up(self):
        try:
            return self.get("/liveness/") == 200
        except OSError:
            return False

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    @property
    def text(self):
        return self.log.read_text("utf-8", "replace")

    def worker(self):
        """The process that serves: a child of the one that was started."""
        path = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(path) as children:
            return int(children.read().split()[0])

    def kill(self):
        with contextlib.suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)

    def stop(self, within=30):
        """As a deploy does; the seconds that it took."""
        began = time.monotonic()
        self.process.terminate()
        self.process.wait(within)
        return time.monotonic() - began

    def say(self, text=None, token=None, *, body=None, path="/chat", **headers):
        body = body if body is not None else {"message": text, "token": token}
        return self._open("POST", path, body, **headers)

    def rate(self, session, message, value):
        body = {"message": message, "feedback": value, "token": session["token"]}
        return self._open("POST", f"/chat/{session['conversation']}/feedback", body)

    def follow(self, session, last=None):
        headers = {"Authorization": f"Visitor {session['token']}"}
        if last:
            headers["Last-Event-ID"] = last
        path = f"/chat/{session['conversation']}/events"
        return self._open("GET", path, None, **headers)

    def _open(self, *request, **headers):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        self.opened.append(Stream(line, *request, **headers))
        return self.opened[-1]

    def hang_up(self):
        """What every visitor of a test does at its end."""
        while self.opened:
            self.opened.pop().close()


class Stream:
    """One request, and what comes back event by event."""

    def __init__(self, connection, method, path, body, **headers):
        self.connection = connection
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status
        self.last_id = ""

    def __iter__(self):
        return self

    def __next__(self):
        """The next event, or comment, as (name, data)."""
        name, data = "", None
        while line := self.response.readline().decode():
            field, _, value = line.rstrip("\n").partition(": ")
            if line == "\n":
                return name, data
            if field == "id":
                self.last_id = value
            elif field == "event":
                name = value
            elif field == "data":
                data = json.loads(value)
        raise StopIteration

    def until(self, name):
        """All events up to the first of this name."""
        found = []
        for event in self:
            found.append(event)
            if event[0] == name:
                return found
        raise AssertionError(f"No {name} in {found}")

    def json(self):
        return json.loads(self.response.read())

    def close(self):
        self.response.close()
        self.connection.close()


def key():
    return uuid.uuid4().hex


def text_of(events):
    return "".join(data["text"] for name, data in events if name == "token")


def names_of(events):
    """The names, the same one after the other only once."""
    names = [name for name, _ in events]
    return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
