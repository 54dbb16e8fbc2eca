"""What Prometheus is told: counts by effect, few series, and nothing that waits or fails."""

import threading
import time

import pytest
import time_machine
from celery import shared_task
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import Resolver404, path, resolve
from psycopg_pool import PoolTimeout

from config import metrics, totals
from config.celery import app as celery_app
from config.metrics import pool, shared, source
from config.metrics.source import Source
from config.urls import urlpatterns as site
from tests.factories import EventFactory

from .conftest import values


@pytest.fixture(autouse=True)
def _ask_each_time(monkeypatch):
    monkeypatch.setattr(source, "FRESH", 0)


def scrape(**request):
    response = Client().get("/metrics", **request)
    assert response.status_code == 200
    return values(response.content.decode())


def broken(request):
    raise ValueError


def looks(request):
    looks.found = scrape()
    raise ValueError


urlpatterns = [path("broken/", broken), path("looks/", looks), *site]


# --- Who may read


def test_page_is_text_for_prometheus():
    response = Client().get("/metrics/")

    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert "# TYPE mutirao_request_seconds histogram" in response.content.decode()


def test_replica_is_asked_by_its_address(settings):
    assert "172.28.0.5" not in settings.ALLOWED_HOSTS
    assert scrape(headers={"Host": "172.28.0.5:8000"})


@pytest.mark.parametrize("address", ["172.28.0.9", "203.0.113.7", "::2", ""])
def test_page_does_not_exist_for_a_stranger(address):
    response = Client().get("/metrics", REMOTE_ADDR=address)
    nowhere = Client().get("/nowhere", REMOTE_ADDR=address)

    assert response.status_code == 404
    assert response.content == nowhere.content


def test_page_does_not_exist_for_who_comes_by_a_proxy():
    assert Client().get("/metrics", HTTP_X_FORWARDED_FOR="127.0.0.1").status_code == 404


def test_networks_are_a_setting(settings):
    settings.METRICS_ALLOWED = ["172.28.0.0/16"]

    assert scrape(REMOTE_ADDR="172.28.0.9")
    assert Client().get("/metrics").status_code == 404


def test_page_is_no_route_and_so_in_no_schema():
    with pytest.raises(Resolver404):
        resolve("/metrics")


def test_only_strangers_are_logged(caplog):
    scrape()
    Client().get("/metrics", REMOTE_ADDR="203.0.113.7")

    assert [line.msg["status"] for line in caplog.records if line.name == "mutirao.requests"] == [
        404
    ]


# --- Requests


@pytest.mark.django_db
def test_request_is_counted_by_its_route_and_class_of_status(api):
    route = "api/v1/events/<int:event_id>/"
    before = scrape()

    api.get("/api/v1/events/1/")
    api.get("/api/v1/events/2/")

    after = scrape()
    grown = {key: value - before.get(key, 0) for key, value in after.items() if route in key}
    assert grown["mutirao_requests_total", "GET", route, "4xx"] == 2
    assert grown["mutirao_request_seconds_count", "GET", route] == 2


@pytest.mark.urls(__name__)
def test_error_is_counted_and_no_request_stays_active():
    Client(raise_request_exception=False).get("/looks/")

    assert looks.found[("mutirao_active_requests",)] == 1
    assert scrape()[("mutirao_active_requests",)] == 0
    assert scrape()[("mutirao_requests_total", "GET", "looks/", "5xx")] == 1


def test_what_strangers_invent_makes_no_new_series():
    client = Client()
    client.get("/nowhere/")
    client.generic("BREW", "/nowhere/")
    before = scrape()

    for number in range(1000):
        client.get(f"/nowhere/{number}?x={number}", headers={"Host": f"{number}.example"})
    for number in range(100):
        client.generic(f"BREW{number}", "/nowhere/")

    assert scrape().keys() == before.keys()


# --- Tasks and beat


class Refused(Exception):
    pass


@shared_task(name="tests.refuse")
def refuse(is_meant):
    if is_meant:
        raise Refused


@pytest.mark.django_db
def test_task_is_counted_by_its_outcome():
    refuse.delay(False)
    refuse.delay(False)
    refuse.apply([True], throw=False)

    told = scrape()
    assert told["mutirao_tasks_total", "success", "tests.refuse"] == 2
    assert told["mutirao_tasks_total", "failure", "tests.refuse"] == 1
    assert told["mutirao_task_seconds_count", "tests.refuse"] == 3


def test_beat_is_counted_by_schedule():
    before = scrape().get(("mutirao_beat_tick_seconds_count",), 0)

    metrics.beat_sent("clean-data")
    metrics.beat_missed("clean-data", 3)
    with metrics.beat_tick():
        pass

    told = scrape()
    assert told["mutirao_beat_sent_total", "clean-data"] == 1
    assert told["mutirao_beat_missed_total", "clean-data"] == 3
    assert told["mutirao_beat_tick_seconds_count",] == before + 1


# --- Redis and the queues


def test_redis_is_read():
    before = scrape()
    cache.set("here", 1)
    cache.get("here")
    cache.get("nowhere")

    after = scrape()
    for server in ("cache", "broker"):
        assert after["mutirao_redis_up", server] == 1
        assert after["mutirao_redis_memory_bytes", server] > 100_000
        assert after["mutirao_redis_clients", server] >= 1
        name = "mutirao_redis_commands_total"
        assert after[name, server] > before[name, server]
    for name in ("mutirao_redis_hits_total", "mutirao_redis_misses_total"):
        assert after[name, "cache"] > before[name, "cache"]


@pytest.fixture
def queue():
    """The queue `mail` of the broker, empty."""
    with celery_app.connection_for_write() as link:
        channel = link.default_channel
        keys = ["mail", f"mail{channel.sep}6"]
        channel.client.delete(*keys)
        yield channel.client
        channel.client.delete(*keys)


@pytest.mark.xdist_group("mail queue")
def test_queue_tells_its_length_and_how_long_the_oldest_waits(queue, send):
    assert scrape()["mutirao_queue_length", "mail"] == 0
    assert scrape()["mutirao_queue_age_seconds", "mail"] == 0

    for seconds in (100, 10):
        with time_machine.travel(time.time() - seconds):
            send("tests.nobody", "mail")

    told = scrape()
    assert told["mutirao_queue_length", "mail"] == 2
    assert 100 <= told["mutirao_queue_age_seconds", "mail"] < 110

    with time_machine.travel(time.time() - 200):
        send("tests.nobody", "mail", priority=6)

    told = scrape()
    assert told["mutirao_queue_length", "mail"] == 3
    assert 200 <= told["mutirao_queue_age_seconds", "mail"] < 210


@pytest.mark.xdist_group("mail queue")
@pytest.mark.parametrize("message", ["no json", "[]", '{"headers": {}}', '{"headers": null}'])
def test_message_that_does_not_tell_its_age_is_counted(queue, message):
    queue.lpush("mail", message)

    told = scrape()
    assert told["mutirao_queue_length", "mail"] == 1
    assert ("mutirao_queue_age_seconds", "mail") not in told


@pytest.fixture(params=["closed_port", "silent_port"])
def redis_away(request, settings, monkeypatch):
    url = f"redis://127.0.0.1:{request.getfixturevalue(request.param)}/0"
    monkeypatch.setattr(celery_app.conf, "broker_write_url", url)
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": url}}
    yield
    for one in (shared.CACHE, shared.BROKER):
        one.answer(time.monotonic() + 10)  # or the next test would be told of nothing


@pytest.mark.usefixtures("redis_away")
def test_scrape_neither_fails_nor_waits_when_redis_is_away():
    began = time.monotonic()

    told = scrape()

    assert time.monotonic() - began < 2
    for server in ("cache", "broker"):
        assert told["mutirao_redis_up", server] == 0
        assert ("mutirao_redis_memory_bytes", server) not in told
    assert ("mutirao_queue_length", "mail") not in told


def test_source_is_asked_at_most_once_in_five_seconds(monkeypatch):
    monkeypatch.undo()
    asked = []
    one = Source("one", lambda: asked.append(1) or len(asked))

    def ask():
        one.begin()
        return one.answer(time.monotonic() + 5)

    assert [ask(), ask()] == [1, 1]

    monkeypatch.setattr(source, "FRESH", 0)
    assert ask() == 2


def test_source_that_hangs_is_not_waited_for_nor_asked_again():
    release, asked = threading.Event(), []
    stuck = Source("stuck", lambda: asked.append(1) or release.wait(5))

    for _ in range(3):
        stuck.begin()
        assert stuck.answer(time.monotonic()) is None

    release.set()
    assert stuck.answer(time.monotonic() + 5) is True
    assert len(asked) == 1


def test_breakers_tell_their_state(monkeypatch):
    monkeypatch.setattr(shared.BREAKERS, "_ask", lambda: {"smtp": "open"})

    told = scrape()

    states = {key[2]: value for key, value in told.items() if key[0] == "mutirao_breaker_state"}
    assert states == {"closed": 0, "open": 1, "half_open": 0}


# --- The pool, the totals, the backups


def hold_all(pool):
    return [pool.getconn() for _ in range(pool.max_size)]


@pytest.mark.django_db(transaction=True)
def test_use_of_the_pool_is_counted_at_the_end_of_a_request():
    connection.close()
    pool.tell()
    before = scrape()

    held = hold_all(connection.pool)
    with pytest.raises(PoolTimeout):
        connection.pool.getconn(timeout=0.02)
    for one in held:
        connection.pool.putconn(one)
    for _ in range(2):
        Client().get("/liveness/")

    told = scrape()
    grown = {key[0]: value - before.get(key, 0) for key, value in told.items()}
    assert told["mutirao_database_pool_limit",] == told["mutirao_database_pool_size",] == 12
    assert grown["mutirao_database_pool_taken_total"] >= 13
    assert grown["mutirao_database_pool_refused_total"] == 1
    assert grown["mutirao_database_pool_waited_total"] >= 1
    assert grown["mutirao_database_pool_waited_seconds_total"] >= 0.02


@pytest.mark.django_db(transaction=True)
def test_totals_are_told_as_they_were_counted(settings):
    assert ("mutirao_totals_timestamp_seconds",) not in scrape()
    with time_machine.travel("2027-05-01T10:00:00Z", tick=False):
        totals.count()
    EventFactory()

    told = scrape()
    assert told["mutirao_total", "published_events"] == 0
    assert told["mutirao_totals_timestamp_seconds",] == 1809165600
    assert {key[1] for key in told if key[0] == "mutirao_total"} == settings.TOTALS.keys()


def test_last_backup_is_told(tmp_path, settings):
    settings.BACKUP_DIR = str(tmp_path)
    assert ("mutirao_backup_timestamp_seconds",) not in scrape()

    (tmp_path / "mutirao-20270502T060000Z.tar.gz").touch()

    assert scrape()["mutirao_backup_timestamp_seconds",] == 1809237600
