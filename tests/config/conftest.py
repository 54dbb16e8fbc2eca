"""Servers that are away, each in its own way."""

import socket

import pytest


@pytest.fixture
def silent_port():
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port():
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]
