"""Requests that go on while parts die: what each was answered, and when."""

import json
import socket
import ssl
import threading
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPSConnection
from uuid import uuid4

TIMEOUT = 30
# Half a second apart: longer than a key is held by a request that was killed.
RETRIES = 150


class Client:
    """One client of the site; in a `with` it keeps its connection as browsers do."""

    def __init__(self, address, host, token=None):
        self.address, self.host, self.token = address, host, token
        self.line, self.keeps = None, False

    def __enter__(self):
        self.keeps = True
        return self

    def __exit__(self, *failure):
        self.close()

    def call(self, method, path, body=None, **headers):
        """Return (status, body, headers); status 0 when the connection broke."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        given = {"Host": self.host, **headers}
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        try:
            self.line = self.line or self.connect()
            self.line.request(method, path, content, given)
            answer = self.line.getresponse()
            text = answer.read()
        except (OSError, HTTPException) as error:
            self.close()
            return 0, repr(error), {}
        if answer.will_close or not self.keeps:
            self.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json and text else text, answer.headers

    def close(self):
        if self.line:
            self.line.close()
        self.line = None

    def connect(self):
        context = ssl._create_unverified_context()
        line = HTTPSConnection(self.host, timeout=TIMEOUT, context=context)
        # Reached at the address, greeted by the name.
        line._create_connection = lambda *_: socket.create_connection(self.address, TIMEOUT)
        return line


@dataclass
class Record:
    """What came back: (method, status, seconds, moment) of each request."""

    answers: list = field(default_factory=list)
    given_up: int = 0
    # What the titles of its drafts begin with.
    name: str = field(default_factory=lambda: f"Load {uuid4().hex[:8]}")

    def statuses(self, method):
        return Counter(status for one, status, _, _ in self.answers if one == method)

    def failed(self, method):
        """How many answers of each status no client wants."""
        return {s: n for s, n in self.statuses(method).items() if is_failed(s)}

    def durations(self, method="GET"):
        return sorted(seconds for one, _, seconds, _ in self.answers if one == method)

    def quantile(self, share, method="GET"):
        durations = self.durations(method)
        return durations[min(len(durations) - 1, int(len(durations) * share))]


def is_failed(status):
    """Whether it is an answer that no client wants; 0 is a broken connection."""
    return status == 0 or status >= 500


def is_final(status, body):
    """Whether a client is done: not while its first try, though killed, still holds the key."""
    in_progress = status == 409 and "idempotency_in_progress" in str(body)
    return not (is_failed(status) or in_progress)


class Load:
    """Readers and writers that go on until they are stopped."""

    def __init__(self, make_client, read, draft):
        self.make_client, self.read, self.draft = make_client, read, draft
        self.record, self.over = Record(), threading.Event()

    def timed(self, client, method, *arguments, **headers):
        began = time.monotonic()
        status, body, _ = client.call(method, *arguments, **headers)
        self.record.answers.append((method, status, time.monotonic() - began, time.time()))
        return status, body

    def reading(self):
        with self.make_client() as client:
            while not self.over.is_set():
                self.timed(client, "GET", self.read)
                self.over.wait(0.01)

    def writing(self):
        with self.make_client() as client:
            while not self.over.is_set():
                self.write(client)
                self.over.wait(0.05)

    def write(self, client):
        """Send one new draft; what failed is sent again with its key, as clients should."""
        key = {"Idempotency-Key": uuid4().hex}
        body = {**self.draft, "title": f"{self.record.name} {key['Idempotency-Key']}"}
        answer = self.timed(client, "POST", "/api/v1/events/", body, **key)
        for _ in range(RETRIES):
            if is_final(*answer):
                return
            time.sleep(0.5)  # as a client would
            answer = client.call("POST", "/api/v1/events/", body, **key)[:2]
        self.record.given_up += not is_final(*answer)


@contextmanager
def traffic(make_client, *, readers=4, writers=1, read="/api/v1/events/", draft=None):
    """Read and write until the block ends."""
    load = Load(make_client, read, draft)
    works = [load.reading] * readers + [load.writing] * (writers if draft else 0)
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield load.record
    finally:
        load.over.set()
        for thread in threads:
            thread.join(TIMEOUT + RETRIES)
