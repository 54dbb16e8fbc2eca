"""Tests talk to this machine only; pyproject.toml sees to it."""

import socket
import urllib.request

import pytest
from pytest_socket import SocketConnectBlockedError

PUBLIC = "192.0.2.1"  # kept for documentation: nobody answers there


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_connection_to_a_public_address_is_refused():
    with pytest.raises(SocketConnectBlockedError):
        socket.create_connection((PUBLIC, 443), timeout=1)
    with pytest.raises(SocketConnectBlockedError):
        urllib.request.urlopen(f"http://{PUBLIC}/", timeout=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_to_this_machine_is_open(host):
    server = socket.create_server(("127.0.0.1", 0))
    with server, socket.create_connection((host, server.getsockname()[1]), timeout=1):
        server.accept()[0].close()
