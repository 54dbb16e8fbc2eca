"""The door: what it turns away, what it says then, and what it adds."""

import contextlib
import gzip
import json
import re
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet import compose
from tests.fleet.conftest import HOST, ROOT, eventually, free_port, output_of
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


@contextlib.contextmanager
def another(fleet, **changed):
    """A second nginx of the same template with other settings; give a client of it."""
    port = free_port()
    name = f"{fleet.project}-nginx-at-{port}"
    settings = compose.config()["services"]["nginx"]
    given = {**settings["environment"], **changed}
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
    try:
        client = Client(("127.0.0.1", port), HOST)
        client.container = name
        eventually(lambda: client.call("GET", "/nginx-health")[0] == 200)
        yield client
    finally:
        compose.run("docker", "rm", "--force", name)


@pytest.fixture(scope="module")
def strict(fleet):
    """With the limits that the documents state."""
    with another(fleet, RATE_API="100r/s", RATE_AUTH="10r/m", CONNECTIONS="50") as client:
        yield client


def test_configuration_is_accepted_by_nginx_itself(fleet):
    one = fleet.containers("nginx")[0]

    assert compose.execute(one, "nginx", "-t") == ""


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "", "mutirao.test.evil.example"])
def test_unknown_host_gets_no_answer(fleet, host):
    text = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()

    assert raw(fleet.port, text) == ""


def test_each_allowed_host_is_served(fleet):
    with another(fleet, ALLOWED_HOSTS=f"{HOST}, .mutirao.example") as client:
        for host, status in ((HOST, 200), ("www.mutirao.example", 200), ("evil.example", 0)):
            client.host = host

            assert client.call("GET", "/nginx-health")[0] == status


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


def test_only_addresses_of_the_list_reach_the_admin(fleet):
    """A published port shows every client as the bridge's address, which is not in this list."""
    with another(fleet, ADMIN_ADDRESSES="192.0.2.0/24 198.51.100.7") as client:
        refused = client.call("GET", "/admin/login/")
        others = client.call("GET", "/api/v1/events/")

    assert (refused[0], refused[1]["errors"][0]["code"]) == (403, "permission_denied")
    assert others[0] == 200


def test_client_behind_a_known_proxy_is_told_by_the_proxy(fleet):
    """And by nobody else: who says it of themselves is not believed."""
    said = {"X-Forwarded-For": "203.0.113.9"}
    with another(fleet, PROXIES="0.0.0.0/0") as client:
        client.call("GET", "/nowhere-behind-a-proxy", **said)
        lines = output_of("docker", "logs", client.container)
    fleet.client().call("GET", "/nowhere-without-a-proxy", **said)

    behind = next(json.loads(line) for line in lines.splitlines() if "behind-a-proxy" in line)
    assert behind["address"] == "203.0.113.9"
    alone = eventually(lambda: [one for one in fleet.lines("nginx") if "without-a-proxy" in one])
    assert json.loads(alone[0])["address"] != "203.0.113.9"


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


def test_kept_answers_are_nobodys_own(fleet):
    """With API_MICROCACHE, one person's answer is given to no other, nor to who has no token."""
    (fleet.folder / ".env").write_text(
        (fleet.folder / ".env").read_text("utf-8") + "API_MICROCACHE=2s\n", "utf-8"
    )
    fleet.make("up")
    ana, rui = fleet.client(fleet.token("ana")), fleet.client(fleet.token("rui"))
    try:
        mine = ana.call("POST", "/api/v1/events/", fleet.draft() | {"title": "Of Ana"})[1]["id"]
        seen = Counter()
        for _ in range(3):
            for name, client in (("ana", ana), ("rui", rui), ("nobody", fleet.client())):
                seen[name, client.call("GET", f"/api/v1/events/{mine}/")[0]] += 1
                status, body, _ = client.call("GET", "/api/v1/events/my_events/")
                titles = [one["title"] for one in body["results"]] if status == 200 else []
                seen[name, status, "Of Ana" in titles] += 1
        fleet.client().call("GET", "/api/v1/events/?page_size=7")
        fleet.client().call("GET", "/api/v1/events/?page_size=7")
        ana.call("GET", "/api/v1/events/?page_size=7", **{"X-Request-ID": "with-a-token"})
        cookie = {"Cookie": "sessionid=1", "X-Request-ID": "with-a-cookie"}
        fleet.client().call("GET", "/api/v1/events/?page_size=7", **cookie)
        kept = [json.loads(one) for one in fleet.lines("nginx") if '"/api/v1/events/"' in one]
    finally:
        text = (fleet.folder / ".env").read_text("utf-8").replace("API_MICROCACHE=2s\n", "")
        (fleet.folder / ".env").write_text(text, "utf-8")
        fleet.make("up")

    assert seen == {
        ("ana", 200): 3, ("ana", 200, True): 3,
        ("rui", 404): 3, ("rui", 200, False): 3,
        ("nobody", 404): 3, ("nobody", 401, False): 3,
    }  # fmt: skip
    assert "HIT" in {one["cache"] for one in kept}
    asked = {one["request_id"]: one["cache"] for one in kept}
    assert (asked["with-a-token"], asked["with-a-cookie"]) == ("BYPASS", "BYPASS")


@pytest.mark.parametrize(
    ("proxies", "steps", "complaint"),
    [
        ("", "true", "fullchain.pem"),
        ("", "touch fullchain.pem", "privkey.pem"),
        ("", "ln -s ../archive/a fullchain.pem; ln -s ../archive/b privkey.pem", "fullchain.pem"),
        ("10.0.0.0/8", "touch privkey.pem", "fullchain.pem"),
        ("10.0.0.0/8", "true", None),
    ],
)
def test_without_its_certificate_no_site_is_open(fleet, proxies, steps, complaint):
    """Rather no site than passwords without TLS, if no proxy sees to it."""
    image = compose.config()["services"]["nginx"]["image"]
    folders = "mkdir -p /etc/nginx/certificates /etc/nginx/generated; cd /etc/nginx/certificates"
    done = subprocess.run(
        ["docker", "run", "--rm", "-i", "--user", "0", "--entrypoint", "sh"]
        + ["-e", "DOMAIN=x", "-e", "ALLOWED_HOSTS=x", "-e", f"PROXIES={proxies}"]
        + [image, "-c", f"{folders}; {steps}; sh -s"],
        input=(ROOT / "nginx/lists.sh").read_text("utf-8"),
        capture_output=True,
        text=True,
    )

    assert done.returncode == (1 if complaint else 0)
    assert (complaint or "TLS is left to PROXIES") in done.stderr
