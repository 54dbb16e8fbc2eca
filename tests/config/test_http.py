"""Calls to the outside: a real server on this machine, which misbehaves as it is told."""

import socket
import struct
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest
import stamina
from django.db import connection, transaction

from config import http
from config.errors import DependencyAway
from config.http import Client, Forbidden, TooMuch
from config.resilience import breakers


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says."""

    def do_GET(self):
        self.server.asked.append(self.path)
        getattr(self, self.path.strip("/").partition("?")[0])()

    do_POST = do_GET

    def fine(self):
        self.answer(200, b"fine")

    def broken(self):
        self.answer(500)

    def busy(self):
        self.answer(429, **{"Retry-After": "0"})

    def missing(self):
        self.answer(404)

    def pool(self):
        """How many connections to the database are in use meanwhile."""
        pool = connection.pool.get_stats()
        self.answer(200, str(pool["pool_size"] - pool["pool_available"]).encode())

    def slow(self):
        self.server.release.wait(10)

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def redirect(self):
        self.answer(302, Location=self.path.partition("?")[2])

    def loop(self):
        self.answer(302, Location="/loop")

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 65536)
        except OSError:
            return

    def drip(self):
        self.send_response(200)
        self.end_headers()
        try:
            while not self.server.release.wait(0.05):
                self.wfile.write(b"x")
        except OSError:
            return

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.asked, server.release = [], Event()
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.release.set()
        server.shutdown()


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(breakers, "_all", dict(breakers._all))
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


@pytest.fixture
def client():
    client = Client("provider")
    yield client
    client._client.close()


@pytest.fixture
def reachable(settings):
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]


@pytest.mark.usefixtures("reachable")
def test_answer_comes_whole(client, server):
    response = client.request("GET", f"{server.url}/fine")

    assert (response.status_code, response.text) == (200, "fine")


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("trouble", ["broken", "busy", "reset"])
def test_reading_is_tried_three_times(client, server, trouble):
    with pytest.raises(DependencyAway):
        client.request("GET", f"{server.url}/{trouble}")

    assert len(server.asked) == 3


@pytest.mark.usefixtures("reachable")
def test_acting_is_tried_again_only_with_a_key(client, server):
    with pytest.raises(DependencyAway):
        client.request("POST", f"{server.url}/broken")
    assert len(server.asked) == 1

    with pytest.raises(DependencyAway):
        client.request("POST", f"{server.url}/broken", headers={"Idempotency-Key": "7"})
    assert len(server.asked) == 4


@pytest.mark.usefixtures("reachable")
def test_slow_server_is_given_up(client, server):
    began = time.monotonic()

    with pytest.raises(DependencyAway):
        client.request("GET", f"{server.url}/slow", attempts=1, timeout=0.2)

    assert time.monotonic() - began < 2


@pytest.mark.usefixtures("reachable")
def test_server_that_stays_broken_is_not_asked_any_more(client, server):
    for _ in range(4):
        with pytest.raises(DependencyAway):
            client.request("GET", f"{server.url}/broken")

    assert len(server.asked) == 5


@pytest.mark.usefixtures("reachable")
def test_refusal_is_an_answer_for_the_caller(client, server):
    for _ in range(6):
        assert client.request("GET", f"{server.url}/missing").status_code == 404


def test_closed_port_is_away(client, closed_port, settings):
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]

    with pytest.raises(DependencyAway):
        client.request("GET", f"http://127.0.0.1:{closed_port}/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "2130706433",
        "0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.1.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fd00::1]",
        "[fe80::1]",
    ],
)
def test_addresses_inside_are_refused(client, server, host):
    with pytest.raises(Forbidden):
        client.request("GET", f"http://{host}:{server.server_port}/fine")

    assert server.asked == []


def test_name_of_which_one_address_is_inside_is_refused(client, monkeypatch):
    _resolve(monkeypatch, ["93.184.216.34", "10.0.0.1"])

    with pytest.raises(Forbidden):
        client.request("GET", "http://provider.test/")


def test_name_is_looked_up_once_and_that_address_used(client, server, settings, monkeypatch):
    settings.OUTGOING_NETWORKS = ["127.0.0.1/32"]
    looked_up = _resolve(monkeypatch, ["127.0.0.1"], then=["127.0.0.2"])

    response = client.request("GET", f"http://rebinding.test:{server.server_port}/fine")

    assert response.text == "fine"
    assert looked_up == ["rebinding.test"]


def _resolve(monkeypatch, addresses, *, then=None):
    """Let names have these addresses at the first look-up, and others at the next."""
    looked_up, real = [], socket.getaddrinfo

    def getaddrinfo(host, port, *arguments, **more):
        if not str(host).endswith(".test"):
            return real(host, port, *arguments, **more)
        looked_up.append(host)
        chosen = addresses if len(looked_up) == 1 or then is None else then
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in chosen]

    monkeypatch.setattr(http.socket, "getaddrinfo", getaddrinfo)
    return looked_up


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.2/", "http://[::ffff:10.0.0.1]/"],
)
def test_redirect_to_the_inside_is_refused(client, server, settings, target):
    settings.OUTGOING_NETWORKS = ["127.0.0.1/32"]

    with pytest.raises(Forbidden):
        client.request("GET", f"{server.url}/redirect?{target}", follow_redirects=True)


@pytest.mark.usefixtures("reachable")
def test_redirect_is_followed_only_where_it_is_asked_for(client, server):
    url = f"{server.url}/redirect?/fine"

    assert client.request("GET", url).status_code == 302
    assert client.request("GET", url, follow_redirects=True).text == "fine"


@pytest.mark.usefixtures("reachable")
def test_three_redirects_are_enough(client, server):
    with pytest.raises(TooMuch):
        client.request("GET", f"{server.url}/loop", follow_redirects=True)

    assert len(server.asked) == 4


@pytest.mark.usefixtures("reachable")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://127.0.0.1/"])
def test_only_http_is_spoken(client, server, url):
    for _ in range(2):
        with pytest.raises(Forbidden):
            client.request("GET", url)
    with pytest.raises(Forbidden):
        client.request("GET", f"{server.url}/redirect?{url}", follow_redirects=True)


@pytest.mark.usefixtures("reachable")
def test_endless_body_is_cut_off(client, server):
    with pytest.raises(TooMuch):
        client.request("GET", f"{server.url}/endless", largest=1_000_000)


@pytest.mark.usefixtures("reachable")
def test_dripping_body_is_cut_off(client, server):
    with pytest.raises(TooMuch):
        client.request("GET", f"{server.url}/drip", longest=0.3)


def test_proxies_of_the_environment_are_not_used(client, server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)

    with pytest.raises(Forbidden):
        client.request("GET", "http://10.0.0.1/")

    assert server.asked == []


@pytest.mark.usefixtures("reachable")
@pytest.mark.django_db(transaction=True)
def test_a_connection_to_the_database_is_lent_while_another_is_asked(client, server):
    connection.ensure_connection()
    before = connection.pool.get_stats()

    used = int(client.request("GET", f"{server.url}/pool").text)

    assert before["pool_available"] < before["pool_size"]
    assert used == before["pool_size"] - before["pool_available"] - 1


@pytest.mark.usefixtures("reachable")
@pytest.mark.django_db(transaction=True)
def test_within_a_transaction_it_is_not(client, server):
    with transaction.atomic():
        connection.ensure_connection()
        client.request("GET", f"{server.url}/pool")
        assert connection.is_usable()
