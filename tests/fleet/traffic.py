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


class Client:
    """One client of the site, which keeps its connection as browsers do."""

    def __init__(self, address, host, token=None):
        self.address, self.host, self.token = address, host, token
        self.line = None

    def call(self, method, path, body=None, **headers):
        """Return (status, body, headers); status 0 when the connection broke."""
        content = body if body is None or isinstance(body, bytes) else json.dumps(body)
        given = {"Host": self.host, **headers}
        if body is not None:
            given.setdefault("Content-Type", "application/json")
        if self.token:
            given["Authorization"] = f"Bearer {self.token}"
        try:
            self.line = self.line or self._connect()
            self.line.request(method, path, content, given)
            answer = self.line.getresponse()
            text = answer.read()
        except (OSError, HTTPException) as error:
            self.close()
            return 0, repr(error), {}
        if answer.will_close:
            self.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        return answer.status, json.loads(text) if is_json and text else text, answer.headers

    def close(self):
        if self.line:
            self.line.close()
        self.line = None

    def _connect(self):
        context = ssl._create_unverified_context()
        line = HTTPSConnection(self.host, timeout=TIMEOUT, context=context)
        # Reached at the address, greeted by the name.
        line._create_connection = lambda *_: socket.create_connection(self.address, TIMEOUT)
        return line


@dataclass
class Record:
    """What came back: (method, status, seconds, moment) of each request."""

    answers: list = field(default_factory=list)
    retried: int = 0

    def statuses(self, method):
        return Counter(status for one, status, _, _ in self.answers if one == method)

    def failed(self, method):
        """Answers that no client wants, by status; 0 is a broken connection."""
        return {s: n for s, n in self.statuses(method).items() if s == 0 or s >= 500}

    def durations(self, method="GET"):
        return sorted(seconds for one, _, seconds, _ in self.answers if one == method)

    def quantile(self, share, method="GET"):
        durations = self.durations(method)
        return durations[min(len(durations) - 1, int(len(durations) * share))]


@contextmanager
def traffic(make_client, *, readers=4, writers=1, read="/api/v1/events/", draft=None):
    """Read and write until the block ends; a write that failed is sent again with its key."""
    record, over = Record(), threading.Event()

    def timed(client, method, *arguments, **headers):
        began = time.monotonic()
        answer = client.call(method, *arguments, **headers)
        record.answers.append((method, answer[0], time.monotonic() - began, time.time()))
        return answer

    def reading():
        client = make_client()
        while not over.is_set():
            timed(client, "GET", read)
            over.wait(0.01)

    def writing():
        client = make_client()
        while not over.is_set():
            key = {"Idempotency-Key": uuid4().hex}
            body = {**draft, "title": f"Load {key['Idempotency-Key']}"}
            status, _, _ = timed(client, "POST", "/api/v1/events/", body, **key)
            while (status == 0 or status >= 500) and not over.is_set():
                record.retried += 1
                over.wait(0.2)
                status, _, _ = client.call("POST", "/api/v1/events/", body, **key)
            over.wait(0.05)

    works = [reading] * readers + [writing] * (writers if draft else 0)
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield record
    finally:
        over.set()
        for thread in threads:
            thread.join(TIMEOUT + 10)
