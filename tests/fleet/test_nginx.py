"""The door: what it turns away, what it says then, and what it adds."""

import contextlib
import gzip
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet import compose
from tests.fleet.conftest import HOST, eventually, free_port
from tests.fleet.traffic import Client


def raw(port, text, *, timeout=20):
    """Send bytes over TLS and return all that comes back."""
    context = ssl._create_unverified_context()
    plain = socket.create_connection(("127.0.0.1", port), timeout)
    received = b""
    with plain, context.wrap_socket(plain, server_hostname=HOST) as line:
        line.sendall(text)
        with contextlib.suppress(OSError):
            while chunk := line.recv(65536):
                received += chunk
    return received.decode(errors="replace")


def ask(fleet, first_line, *headers):
    lines = [first_line, f"Host: {HOST}", "Connection: close", *headers, "", ""]
    return raw(fleet.port, "\r\n".join(lines).encode("latin-1"))


@pytest.fixture(scope="module")
def strict(fleet):
    """A second nginx of the same template, with the limits that the documents state."""
    port, name = free_port(), f"{fleet.project}-strict"
    settings = compose.config()["services"]["nginx"]
    given = {**settings["environment"], "RATE_API": "100r/s", "RATE_AUTH": "10r/m"}
    given["CONNECTIONS"] = "50"
    folder = fleet.folder
    compose.run(
        *("docker", "run", "--detach", "--name", name, "--network", f"{fleet.project}_edge"),
        *("--publish", f"127.0.0.1:{port}:8443", "--user", "1000:1000", "--read-only"),
        *(part for one in settings["tmpfs"] for part in ("--tmpfs", one)),
        *(part for one in given.items() for part in ("--env", "=".join(map(str, one)))),
        *("--volume", f"{folder}/nginx/site.conf.template:/etc/nginx/templates/site.conf.template"),
        *("--volume", f"{folder}/nginx/lists.sh:/docker-entrypoint.d/50-lists.sh:ro"),
        *("--volume", f"{folder}/certificates:/etc/nginx/certificates:ro"),
        *(settings["image"], "nginx", "-g", "daemon off;"),
    )
    client = Client(("127.0.0.1", port), HOST)
    eventually(lambda: client.call("GET", "/nginx-health")[0] == 200)
    yield client
    compose.run("docker", "rm", "--force", name)


def test_configuration_is_accepted_by_nginx_itself(fleet):
    one = fleet.containers("nginx")[0]

    assert compose.execute(one, "nginx", "-t") == ""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "mutirao.test.evil.example"])
def test_unknown_host_gets_no_answer(fleet, host):
    text = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    assert not raw(fleet.port, text).startswith("HTTP/1.1 2")
    assert "mutir" not in raw(fleet.port, text)


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "FOO"])
def test_other_methods_are_refused(fleet, method):
    assert re.match(r"HTTP/1.1 40[05]", ask(fleet, f"{method} / HTTP/1.1"))


@pytest.mark.parametrize(
    "path",
    [
        "/.git/config",
        "/.env",
        "/static/.htaccess",
        "/static/../manage.py",
        "/static/%2e%2e/manage.py",
        "/static/..%2fmanage.py",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/api/v1/events/%00",
        "/metrics",
        "/metrics/",
        "/nginx_status",
    ],
)
def test_what_nobody_should_look_for_is_not_there(fleet, path):
    answer = ask(fleet, f"GET {path} HTTP/1.1")

    assert re.match(r"HTTP/1.1 40[04]", answer), answer[:200]
    assert "root:" not in answer


def test_dots_in_a_query_are_nobodys_business(fleet):
    assert ask(fleet, "GET /api/v1/events/?search=a..b HTTP/1.1").startswith("HTTP/1.1 200")


def test_long_headers_and_bodies_are_refused(fleet):
    long_header = ask(fleet, "GET / HTTP/1.1", f"X-Long: {'a' * 40_000}")
    client = fleet.client()
    status, body, _ = client.call("POST", "/api/v1/token/", b"x" * 20_000)
    whole = client.call("POST", "/api/v1/events/", b"x" * 1_100_000)[0]
    picture = ask(fleet, "POST /api/v1/events/1/photos/ HTTP/1.1", "Content-Length: 500000000")

    assert re.match(r"HTTP/1.1 4(00|31|14)", long_header)
    assert (status, body["errors"][0]["code"]) == (413, "too_large")
    assert whole == 413
    assert picture.startswith("HTTP/1.1 413")


def test_plain_http_is_sent_to_https(fleet):
    with socket.create_connection(("127.0.0.1", fleet.http_port), 10) as line:
        line.sendall(f"GET /a?b=c HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = line.recv(4096).decode()

    assert answer.startswith("HTTP/1.1 301")
    assert f"https://{HOST}/a?b=c" in answer


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
)
def test_tls_is_new_enough(fleet, version, is_taken):
    context = ssl._create_unverified_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version

    def greet():
        plain = socket.create_connection(("127.0.0.1", fleet.port), 10)
        with plain, context.wrap_socket(plain, server_hostname=HOST) as line:
            return line.version()

    if is_taken:
        assert greet()
    else:
        with pytest.raises(ssl.SSLError):
            greet()


def test_headers_stand_there_once(fleet):
    names = {
        "X-Frame-Options": "SAMEORIGIN",
        "X-Content-Type-Options": "nosniff",
        "X-XSS-Protection": "1; mode=block",
        "Strict-Transport-Security": "max-age=31536000",
        "Referrer-Policy": "same-origin",
        "X-Request-ID": "",
    }
    for path in ("/api/v1/events/", "/admin/login/", "/static/nowhere", "/.env", "/nginx-health"):
        headers = fleet.client().call("GET", path)[2]

        for name, value in names.items():
            assert len(headers.get_all(name) or []) == 1, (path, name)
            assert value in headers[name]
        assert headers["Server"] == "nginx"


def test_one_request_id_goes_through_and_a_mad_one_does_not(fleet):
    client = fleet.client()

    assert (
        client.call("GET", "/liveness/", **{"X-Request-ID": "a-good-one"})[2]["X-Request-ID"]
        == "a-good-one"
    )
    mad = client.call("GET", "/liveness/", **{"X-Request-ID": "<script>"})[2]["X-Request-ID"]
    assert re.fullmatch(r"[0-9a-f]{32}", mad)


def test_long_answers_are_compressed(fleet):
    status, body, headers = fleet.client().call(
        "GET", "/api/schema/", **{"Accept-Encoding": "gzip"}
    )

    assert (status, headers["Content-Encoding"]) == (200, "gzip")
    assert len(gzip.decompress(body)) > 2 * len(body)


def test_static_files_are_kept_for_an_hour(fleet):
    page = fleet.client().call("GET", "/admin/login/")[1].decode()
    path = re.search(r'(/static/[^"]+\.css[^"]*)"', page)[1]

    status, _, headers = fleet.client().call("GET", path)

    assert status == 200
    assert "max-age=3600" in headers["Cache-Control"]


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


def test_access_log_is_json_and_holds_no_secret(fleet):
    client = fleet.client()
    client.call("GET", "/api/v1/events/?token=canary-query", **{"X-Request-ID": "canary-request"})
    client.call("GET", "/api/v1/events/calendar/canary-feed.ics")

    lines = eventually(
        lambda: [
            line
            for line in fleet.lines("nginx")
            if line.startswith("{") and ("canary" in line or "calendar" in line)
        ]
    )

    assert any(json.loads(line)["request_id"] == "canary-request" for line in lines)
    assert not [line for line in lines if "canary-query" in line or "canary-feed" in line]


def test_status_of_nginx_is_for_this_host_only(fleet):
    with socket.create_connection(("127.0.0.1", fleet.ops_port), 10) as line:
        line.sendall(b"GET /nginx_status HTTP/1.0\r\n\r\n")
        assert b"Active connections" in line.recv(4096)
