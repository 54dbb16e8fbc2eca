"""Pages that staff name: fetched from outside only, within bounds."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from config.errors import DependencyAway
from config.http import Client
from leads.knowledge import fetching, reading
from leads.knowledge.reading import Unreadable


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        status, headers, body = self.server.answers[self.path]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def inside(settings):
    """A site on this machine, which providers may reach."""
    settings.OUTGOING_NETWORKS = ["127.0.0.0/8"]
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.answers, server.asked = {}, []
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        server.url = f"http://127.0.0.1:{server.server_port}"
        yield server
        server.shutdown()


@pytest.fixture
def site(inside, monkeypatch):
    """The same, as if it were outside."""
    client = Client("knowledge", failures=20)
    monkeypatch.setattr(fetching, "CLIENT", client)
    yield inside
    client._client.close()


def test_page_is_fetched_by_its_type(site):
    site.answers["/a"] = 200, {"Content-Type": "text/html"}, b"<h1>Oi</h1><p>Tudo bem?</p>"
    site.answers["/b"] = 302, {"Location": "/a"}, b""

    assert fetching.fetch(f"{site.url}/b") == "## Oi\n\nTudo bem?"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "file:///etc/passwd",
        "gopher://example.org/",
    ],
)
def test_nothing_inside_is_fetched(url, settings):
    settings.OUTGOING_NETWORKS = []

    with pytest.raises(Unreadable):
        fetching.fetch(url)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_what_providers_may_reach_inside_is_not_fetched(inside, host):
    inside.answers["/"] = 200, {"Content-Type": "text/html"}, b"<p>The gateway</p>"
    url = inside.url.replace("127.0.0.1", host)

    with pytest.raises(Unreadable):
        fetching.fetch(f"{url}/")

    assert inside.asked == []


def test_redirect_inwards_is_not_followed(site, settings):
    site.answers["/"] = 302, {"Location": "http://169.254.169.254/"}, b""

    with pytest.raises(Unreadable):
        fetching.fetch(f"{site.url}/")


@pytest.mark.parametrize(
    ("status", "error"), [(404, fetching.Gone), (410, fetching.Gone), (403, Unreadable)]
)
def test_refusal_is_told(site, status, error):
    site.answers["/"] = status, {}, b""

    with pytest.raises(error):
        fetching.fetch(f"{site.url}/")


def test_site_that_fails_is_away(site):
    site.answers["/"] = 503, {}, b""

    with pytest.raises(DependencyAway):
        fetching.fetch(f"{site.url}/")


def test_page_that_is_too_large_is_refused(site, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 100)
    site.answers["/"] = 200, {}, b"x" * 101

    with pytest.raises(Unreadable):
        fetching.fetch(f"{site.url}/")
