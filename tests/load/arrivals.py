"""Requests to the fleet: as fast as it answers, or at moments that were fixed before."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.load.client import Failed

CLIENTS = 8
WAITING = 32  # clients of an open loop: so many may wait for answers at once


@dataclass
class Call:
    path: str
    method: str = "GET"
    body: dict | None = None
    token: str | None = None


@dataclass
class Measured:
    """How long each call took, in ms and in order, within so many seconds."""

    durations: list
    seconds: float
    client: float  # processor time of the clients, as a share of one core

    @property
    def rate(self):
        return len(self.durations) / self.seconds

    def quantile(self, share):
        return self.durations[min(len(self.durations) - 1, int(len(self.durations) * share))]

    def __str__(self):
        p50, p95, p99 = map(self.quantile, (0.5, 0.95, 0.99))
        return (
            f"p50 {p50:.3g}, p95 {p95:.3g}, p99 {p99:.3g} ms of {len(self.durations)}, "
            f"clients {self.client:.0%} of a core"
        )


def closed(make_client, calls, seconds, clients=CLIENTS):
    """Each client sends its next call when the one before is answered."""
    until = time.perf_counter() + seconds

    def work(_):
        durations = []
        with make_client() as client:
            while (began := time.perf_counter()) < until and (call := next(calls, None)):
                _send(client, call)
                durations.append(time.perf_counter() - began)
        return durations

    return _measure(work, clients)


def opened(make_client, calls, rate, seconds):
    """Calls come at a fixed rate, whether or not those before are answered.

    A call's time counts from the moment at which it was due, so a wait for a free client is in it.
    """
    numbers, began = itertools.count(), time.perf_counter() + 0.2

    def work(_):
        durations = []
        with make_client() as client:
            while (due := next(numbers) / rate) < seconds and (call := next(calls, None)):
                time.sleep(max(0, began + due - time.perf_counter()))
                _send(client, call)
                durations.append(time.perf_counter() - began - due)
        return durations

    return _measure(work, WAITING)


def _send(client, call):
    client.token = call.token
    status, body, _ = client.call(call.method, call.path, call.body)
    if status not in (200, 201):
        raise Failed(f"{call.method} {call.path}: {status} {body!r:.300}")


def _measure(work, clients):
    began, used = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(clients) as people:
        shares = list(people.map(work, range(clients)))
    seconds = time.perf_counter() - began
    client = (time.process_time() - used) / seconds
    durations = sorted(one * 1000 for share in shares for one in share)
    if not durations:
        raise Failed("Nothing was left to send.")
    return Measured(durations, seconds, client)
