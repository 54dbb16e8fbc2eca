"""How much comes through the door, and how fast."""

import contextlib
import socket
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fleet.conftest import HOST, eventually
from tests.fleet.door import another
from tests.fleet.traffic import Client


@pytest.fixture(scope="module")
def strict(fleet):
    """With the limits that the documents state."""
    with another(fleet, RATE_API="100r/s", RATE_AUTH="10r/m", CONNECTIONS="50") as client:
        yield client


def test_hundred_requests_a_second_with_fifty_more_at_once(strict):
    with ThreadPoolExecutor(20) as pool:
        began = time.monotonic()
        clients = (Client(strict.address, HOST) for _ in range(600))
        answers = list(pool.map(lambda client: client.call("GET", "/nowhere"), clients))
        took = time.monotonic() - began

    passed = [one for one in answers if one[0] == 404]
    refused = [one for one in answers if one[0] == 429]
    assert len(passed) + len(refused) == 600
    assert len(passed) <= 51 + 100 * took + 2
    assert len(passed) >= 51
    assert refused, f"600 requests took {took:.1f} s"
    status, body, headers = refused[0]
    assert body["errors"][0]["code"] == "throttled"
    assert int(headers["Retry-After"]) >= 1
    assert headers["Content-Type"] == "application/json"


def test_health_is_never_limited(strict):
    statuses = Counter(strict.call("GET", "/liveness/")[0] for _ in range(400))
    own = Counter(strict.call("GET", "/nginx-health")[0] for _ in range(400))

    assert (set(statuses), set(own)) == ({200}, {200})


@pytest.mark.parametrize(
    "paths",
    [
        ["/api/v1/token/", "/api/token/", "/api/v1/token", "/api/token"],
        ["/api/v1/users/register/", "/api/users/register"],
        ["/api/v1/users/password/forgot/", "/api/users/password/reset"],
        ["/account/reset-password/", "/account/confirm-email", "/api/v1/users/email/confirm/"],
        ["/admin/login/", "/admin/login/?next=/admin/"],
    ],
)
def test_guessing_is_limited_by_all_names_of_the_door(strict, paths):
    """Ten a minute and ten more at once: after twenty of whatever name there is no more."""
    answers = [strict.call("POST", paths[n % len(paths)], {})[0] for n in range(25)]

    assert 429 in answers
    assert set(answers[-4:]) == {429}
    assert Counter(answers)[429] >= 4


def test_an_address_has_fifty_connections_at_most(strict):
    """Fifty that are waited for, as their bodies never come; one more is turned away."""
    context = ssl._create_unverified_context()
    lines = []
    head = f"POST /api/v1/events/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 100\r\n\r\nx"
    time.sleep(1)  # what the tests before used up of the rate comes back: 100 a second
    for _ in range(50):
        line = context.wrap_socket(
            socket.create_connection(strict.address, 10), server_hostname=HOST
        )
        line.sendall(head.encode())
        lines.append(line)

    refused = eventually(lambda: strict.call("GET", "/nowhere")[0] == 429, patience=8)
    for line in lines:
        line.close()

    assert refused
    assert eventually(lambda: strict.call("GET", "/nowhere")[0] == 404)


def test_hundred_at_once_ask_for_health(fleet):
    start = threading.Barrier(100)

    def ask_once(_):
        with fleet.client() as client:
            assert client.call("GET", "/nginx-health")[0] == 200  # the connection stands already
            start.wait()
            began = time.monotonic()
            return client.call("GET", "/health")[0], time.monotonic() - began

    with ThreadPoolExecutor(100) as pool:
        answers = list(pool.map(ask_once, range(100)))

    assert {status for status, _ in answers} == {200}
    assert sum(seconds for _, seconds in answers) / 100 < 0.2


def test_a_stranger_cannot_fill_the_memory_that_holds_pictures_on_their_way(fleet):
    path = "/api/v1/events/1/photos/"
    lines = [f"POST {path} HTTP/1.1", f"Host: {HOST}", "Content-Length: 15000000", "", ""]
    with another(fleet, UPLOADS="2") as client, contextlib.ExitStack() as stack:
        context = ssl._create_unverified_context()
        for _ in range(2):
            plain = stack.enter_context(socket.create_connection(client.address, 20))
            line = stack.enter_context(context.wrap_socket(plain, server_hostname=HOST))
            line.sendall("\r\n".join(lines).encode())
        refused = eventually(lambda: (answer := client.call("POST", path, {}))[0] == 429 and answer)
        reading = client.call("GET", path)[0]
        stack.close()
        eventually(lambda: client.call("POST", path, {})[0] == 401)

    assert refused[1]["errors"][0]["code"] == "throttled"
    assert reading != 429


def slowest_of_hundred(fleet):
    """The 99th percentile of 300 requests on one connection."""
    seconds = []
    with fleet.client() as client:
        for _ in range(300):
            began = time.monotonic()
            assert client.call("GET", "/api/v1/events/")[0] == 200
            seconds.append(time.monotonic() - began)
    return sorted(seconds)[297]


def test_slow_clients_do_not_slow_the_others(fleet):
    """Two hundred that send a byte a second are waited for without a replica."""

    slowest_of_hundred(fleet)
    alone = slowest_of_hundred(fleet)
    over = threading.Event()
    context = ssl._create_unverified_context()
    lines = [
        context.wrap_socket(
            socket.create_connection(("127.0.0.1", fleet.port), 10), server_hostname=HOST
        )
        for _ in range(200)
    ]

    head = f"POST /api/v1/token/ HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 500\r\n\r\n"

    def dribble():
        for line in lines:
            line.sendall(head.encode())
        while not over.wait(1):
            for line in lines:
                with contextlib.suppress(OSError):  # nginx has lost its patience
                    line.send(b"x")

    thread = threading.Thread(target=dribble, daemon=True)
    thread.start()
    beside = slowest_of_hundred(fleet)
    over.set()
    thread.join(10)
    for line in lines:
        line.close()

    assert beside < 2 * alone + 0.02
