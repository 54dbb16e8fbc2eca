"""Servers that are away, each in its own way; messages; what metrics say."""

import socket

import pytest
from celery import Celery
from prometheus_client.parser import text_string_to_metric_families


def values(text):
    """Value by name and labels, in the order of the labels' names."""
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


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


@pytest.fixture
def send(settings):
    """Send a message to the real broker, by an application that is not eager."""
    app = Celery("sender", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    yield lambda task, queue, **more: app.send_task(task, queue=queue, **more)
    app.close()
