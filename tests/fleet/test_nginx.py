"""The door: what it turns away, what it says then, and what it adds."""

import gzip
import json
import re
import socket
import ssl
from collections import Counter

import pytest

from fleet import compose
from tests.fleet.conftest import HOST, eventually
from tests.fleet.door import ask, raw


def test_configuration_is_accepted_by_nginx_itself(fleet):
    one = fleet.containers("nginx")[0]

    assert compose.execute(one, "nginx", "-t") == ""


@pytest.mark.parametrize(
    ("host", "begin"),
    [
        ("evil.example", ""),
        ("127.0.0.1", ""),
        ("mutirao.test.evil.example", ""),
        ("", "HTTP/1.1 400"),
    ],
)
def test_unknown_host_gets_no_answer(fleet, host, begin):
    text = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    assert raw(fleet.port, text)[:12] == begin


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


def test_url_that_fails_takes_no_replica_out(fleet):
    """Each replica answers it with 503, three a request; what else they serve is served."""
    fleet.compose("stop", "redis-cache")
    try:
        eventually(lambda: ask_readiness(fleet) == 503)
        statuses = Counter()
        for _ in range(10):
            assert ask_readiness(fleet) == 503
            statuses[fleet.client().call("GET", "/api/v1/events/")[0]] += 1
    finally:
        fleet.compose("start", "redis-cache")

    assert set(statuses) == {200}


def ask_readiness(fleet):
    with socket.create_connection(("127.0.0.1", fleet.ops_port), 10) as line:
        line.sendall(b"GET /readiness/ HTTP/1.0\r\n\r\n")
        return int(line.recv(4096).split()[1])
