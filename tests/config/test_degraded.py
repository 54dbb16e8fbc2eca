"""What goes on while a server is away, hung or just back: real ones, hurt for real."""

import contextlib
import os
import signal
import subprocess
import time
from copy import deepcopy

import pytest
import redis
from celery import Celery
from django.core.cache import cache
from django.db import connections, transaction
from django.db.utils import OperationalError
from django.test import Client

from config import limits, nudge
from config.cache import BREAKER as CACHE
from config.postgres.base import BREAKER as DATABASE
from config.postgres.base import DatabaseWrapper
from embedded import ports as free_ports
from embedded import postgres, readiness, valkey
from tests.factories import EventFactory, UserFactory

LOGIN = "/api/v1/token/"


class Server:
    """One of this test's own, which it may hurt."""

    def __init__(self, made, log):
        self.made, self.log, self.process = made, log, None

    def start(self):
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                self.made.command, stdout=output, stderr=output, start_new_session=True
            )
        readiness.wait(
            self.made.is_ready,
            name="the server",
            log=self.log,
            is_alive=lambda: self.process.poll() is None,
        )

    def hang(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self):
        """At once, with all its children."""
        self.go_on()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)

    def stop(self):
        """As a restart does."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)


@pytest.fixture
def redis_server(tmp_path):
    made = valkey.Valkey(
        tmp_path / "valkey", free_ports.free(set()), "of-this-test", valkey.THROW_AWAY
    )
    made.prepare()
    server = Server(made, tmp_path / "valkey.log")
    server.start()
    server.url = f"redis://:of-this-test@127.0.0.1:{made.port}/0"
    yield server
    server.kill()


@pytest.fixture
def own_cache(redis_server, settings):
    """The cache and the limits of this test are that server."""
    settings.CACHES = {"default": {**deepcopy(settings.CACHES["default"])}}
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL = redis_server.url
    limits._limiter.cache_clear()
    limits._outage.end()
    cache.set("warm", 1)
    limits.hit("mail", "warm")
    yield redis_server
    limits._limiter.cache_clear()
    limits._outage.end()


@pytest.fixture(params=["killed", "hung"])
def cache_away(request, own_cache):
    own_cache.kill() if request.param == "killed" else own_cache.hang()
    return own_cache


def seconds_of(function, *arguments):
    began = time.monotonic()
    function(*arguments)
    return time.monotonic() - began


@pytest.mark.django_db
def test_only_the_first_waits_for_a_cache_that_is_away(cache_away):
    EventFactory(title="Mutirão na praia")
    first = seconds_of(Client().get, "/api/v1/events/")

    later = [seconds_of(Client().get, "/api/v1/events/") for _ in range(5)]

    assert first < 2
    assert max(later) < 0.3, later


@pytest.mark.django_db
def test_answers_are_right_without_a_cache(cache_away):
    event = EventFactory(title="Mutirão na praia")
    assert titles() == ["Mutirão na praia"]

    event.title = "Mutirão no parque"
    event.save()

    assert titles() == ["Mutirão no parque"]


def titles():
    response = Client().get("/api/v1/events/")
    assert response.status_code == 200
    return [event["title"] for event in response.json()["results"]]


@pytest.mark.django_db
def test_without_a_cache_login_is_still_limited_and_the_rest_is_not(cache_away, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "1/hour"}
    user = UserFactory()
    wrong = {"email": user.email, "password": "not-the-one"}

    tries = [Client().post(LOGIN, wrong, "application/json").status_code for _ in range(7)]

    assert tries == [401] * 5 + [429] * 2
    assert [limits.hit("mail", "a") for _ in range(3)] == [None] * 3


def test_cache_is_used_again_when_it_is_back(own_cache):
    own_cache.hang()
    assert cache.get("warm") is None
    own_cache.go_on()
    assert cache.get("warm") is None  # not asked

    _let_pass(CACHE)

    assert cache.get("warm") == 1


def _let_pass(breaker):
    """As if its time were over."""
    breaker._store.write(opened_at=0.0)
    breaker._store._claimed_until = 0.0


@pytest.mark.django_db(transaction=True)
def test_hung_broker_holds_a_request_with_many_commits_less_than_2_s(redis_server):
    app = Celery("elsewhere", task_cls="config.nudge:Nudge", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=redis_server.url, task_always_eager=False)

    @app.task(name="nothing", shared=False)
    def task(number):
        pass

    task.delay_on_commit(0)
    redis_server.hang()
    began = time.monotonic()

    for number in range(10):
        with transaction.atomic():
            task.delay_on_commit(number)

    assert time.monotonic() - began < 2
    redis_server.go_on()
    _let_pass(nudge.BREAKER)
    task.delay_on_commit(11)
    waiting = redis.Redis.from_url(redis_server.url).llen("default")
    assert 2 <= waiting <= 3  # the one that was on its way may have arrived


@pytest.fixture
def postgres_server(tmp_path):
    # Its own user must get into the folder.
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        with contextlib.suppress(PermissionError):
            folder.chmod(0o755)
    made = postgres.Postgres(
        tmp_path / "postgres", free_ports.free(set()), "of-this-test", postgres.THROW_AWAY
    )
    made.prepare()
    server = Server(made, tmp_path / "postgres.log")
    server.start()
    yield server
    server.kill()


@pytest.fixture
def database(postgres_server, django_db_blocker):
    """A connection of the application's kind to that server, with a pool of its own."""
    ours = deepcopy(connections["default"].settings_dict)
    ours.update(HOST="127.0.0.1", PORT=postgres_server.made.port, NAME="mutirao")
    ours.update(USER="mutirao", PASSWORD="of-this-test")
    ours["OPTIONS"]["pool"]["max_size"] = 2
    wrapper = DatabaseWrapper(ours, "own")
    connections["own"] = wrapper
    with django_db_blocker.unblock():
        yield wrapper
        wrapper.close()
        wrapper.close_pool()
    del connections["own"]


def ask(database):
    """One request's worth: take a connection, ask, give it back."""
    try:
        with database.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone()
    finally:
        database.close()


def refused(database):
    with pytest.raises(OperationalError):
        ask(database)


def test_only_the_first_waits_for_a_database_that_is_away(database, postgres_server):
    ask(database)
    postgres_server.kill()

    first = seconds_of(refused, database)
    later = [seconds_of(refused, database) for _ in range(20)]

    assert first < 2
    assert sum(later) < 0.5, later


def test_one_try_a_second_finds_a_database_that_is_back(database, postgres_server):
    ask(database)
    postgres_server.stop()
    refused(database)
    refused(database)
    postgres_server.start()

    _let_pass(DATABASE)

    assert ask(database) == (1,)
    assert DATABASE.report().state == "closed"


def test_restart_between_two_requests_is_not_noticed(database, postgres_server):
    ask(database)
    postgres_server.stop()
    postgres_server.start()

    assert ask(database) == (1,)


def test_busy_pool_is_not_taken_for_an_outage(database, monkeypatch):
    monkeypatch.setattr("config.postgres.base.PATIENCE", 0.3)
    ask(database)
    with contextlib.ExitStack() as taken:
        for _ in range(2):
            connection = database.pool.getconn()
            taken.callback(database.pool.putconn, connection)
        refused(database)

    assert DATABASE.report().state == "closed"
    assert ask(database) == (1,)


def test_database_that_takes_no_connections_is_given_up(database, silent_port):
    database.settings_dict["PORT"] = silent_port
    began = time.monotonic()

    refused(database)

    assert time.monotonic() - began < 6
    assert seconds_of(refused, database) < 0.1


@pytest.mark.django_db(transaction=True)
def test_open_database_is_503_at_once_and_says_when_to_come_back():
    DATABASE._store.write(state="open", opened_at=time.time() + 60)
    connections["default"].close()
    try:
        began = time.monotonic()
        response = Client(raise_request_exception=False).get("/api/v1/events/?search=x")

        assert response.status_code == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert time.monotonic() - began < 0.5
    finally:
        DATABASE.reset()


@pytest.mark.django_db(transaction=True)
def test_pages_of_the_admin_are_503_too():
    DATABASE._store.write(state="open", opened_at=time.time() + 60)
    connections["default"].close()
    try:
        client = Client(raise_request_exception=False)
        client.cookies["sessionid"] = "x" * 32
        response = client.get("/admin/")

        assert response.status_code == 503
        assert response.headers["Retry-After"] == "5"
    finally:
        DATABASE.reset()
