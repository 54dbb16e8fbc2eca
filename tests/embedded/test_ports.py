import socket

import pytest

from embedded import ports
from embedded.refusal import Refusal


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", ports.free(set())))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("text", ["abc", "0", "65536", "-1", "8000 ", "٨٠٠٠"])
def test_what_is_no_port_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)

    with pytest.raises(Refusal, match="PORT must be a number"):
        ports.wanted()


def test_the_port_is_8000_unless_told(monkeypatch):
    monkeypatch.setenv("PORT", "")

    assert ports.wanted() == 8000


def test_a_port_in_use_is_refused(taken):
    with pytest.raises(Refusal, match=f"port {taken} is in use"):
        ports.require_free(taken)


def test_ports_are_remembered_unless_taken(tmp_path, taken):
    path = tmp_path / "ports.json"
    first = ports.remembered(path, ("postgres", "valkey"), web_port=8000)
    assert ports.remembered(path, ("postgres", "valkey"), web_port=8000) == first

    path.write_text(f'{{"postgres": {taken}, "valkey": {first["valkey"]}}}')

    second = ports.remembered(path, ("postgres", "valkey"), web_port=8000)
    assert second["postgres"] not in (taken, second["valkey"])
    assert second["valkey"] == first["valkey"]


def test_a_server_leaves_the_port_of_the_site_alone(tmp_path):
    path = tmp_path / "ports.json"
    before = ports.remembered(path, ("postgres",), web_port=8000)["postgres"]

    after = ports.remembered(path, ("postgres",), web_port=before)["postgres"]

    assert after != before
