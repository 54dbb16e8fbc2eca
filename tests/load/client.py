"""Sends requests over connections that stay open, and refuses anything but success."""

import http.client
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

TIMEOUT = 30


class Failed(Exception):
    """No success, or none in time: what was measured means nothing."""


@dataclass
class Request:
    path: str
    method: str = "GET"
    headers: dict = field(default_factory=dict)
    body: bytes | None = None


def send(port, requests):
    """Send one after another over one connection; return how long each took, in seconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    durations = []
    try:
        for request in requests:
            began = time.perf_counter()
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            body = response.read()
            durations.append(time.perf_counter() - began)
            if response.status not in (200, 201):
                raise Failed(f"{request.method} {request.path}: {response.status} {body[:300]!r}")
    finally:
        connection.close()
    return durations


def send_at_once(port, requests, clients):
    """Share the requests out among clients; return how many are answered in a second."""
    shares = [requests[number::clients] for number in range(clients)]
    began = time.perf_counter()
    with ThreadPoolExecutor(clients) as people:
        list(people.map(lambda share: send(port, share), shares))
    return len(requests) / (time.perf_counter() - began)


def get(port, path, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def median_ms(durations):
    return statistics.median(durations) * 1000
