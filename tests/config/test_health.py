"""What clients and orchestrators are told, and how little asking costs."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.core.files.storage import InMemoryStorage
from django.test import Client

from config.health import checks, views
from config.health.probes import FRESH, LONGEST_CACHED, Probe, Status, ask
from tests.config.test_storage import bucket

HEALTH_PATHS = ["/health", "/health/", "/api/health", "/api/health/"]
READINESS_PATHS = ["/readiness", "/readiness/", "/api/readiness", "/api/readiness/"]
LIVENESS_PATHS = ["/liveness", "/liveness/", "/api/liveness", "/api/liveness/"]


class Dependency:
    """Something to ask; `trouble` is what asking raises."""

    def __init__(self, trouble=None):
        self.trouble = trouble
        self.asked = 0

    def __call__(self):
        self.asked += 1
        if self.trouble:
            raise self.trouble


@pytest.fixture
def clock(monkeypatch):
    """The probes' clock, which a test moves on."""

    class Clock:
        now = 1000.0

        def wait(self, seconds):
            self.now += seconds
            moved.shift(seconds)

    clock = Clock()
    monkeypatch.setattr("config.health.probes.time.monotonic", lambda: clock.now)
    with time_machine.travel("2027-05-03T09:00:00Z", tick=False) as moved:
        yield clock


@pytest.fixture
def dependencies(monkeypatch):
    """Stand-ins for all that the endpoints ask, by name."""
    asked = {}

    def stand_in(probe):
        asked[probe.name] = Dependency()
        return Probe(probe.name, asked[probe.name], has_breaker=probe is not views.MIGRATIONS)

    stand_ins = {probe.name: stand_in(probe) for probe in {*views.SYSTEM, *views.REPLICA}}
    monkeypatch.setattr(views, "SYSTEM", [stand_ins[probe.name] for probe in views.SYSTEM])
    monkeypatch.setattr(views, "REPLICA", [stand_ins[probe.name] for probe in views.REPLICA])
    return asked


def result_of(probe):
    return ask([probe])[probe.name]


@pytest.mark.parametrize("path", HEALTH_PATHS)
def test_healthy_system(path, dependencies, settings):
    settings.VERSION = "1.2.3"

    response = Client().get(path)

    body = response.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert set(body) == {"status", "timestamp", "version", "uptime", "services"}
    assert (body["status"], body["version"]) == ("healthy", "1.2.3")
    assert body["timestamp"].endswith("Z")
    assert body["uptime"] >= 0
    assert list(body["services"]) == ["database", "cache", "broker", "storage"]
    for service in body["services"].values():
        assert set(service) == {"status", "response_time", "last_check", "error"}
        assert (service["status"], service["error"]) == ("up", None)


@pytest.mark.parametrize("name", ["database", "cache", "broker", "storage"])
def test_system_is_unhealthy_without_any_of_its_parts(name, dependencies):
    dependencies[name].trouble = ConnectionError("redis://:hunter22@10.0.0.5:6379 refused")

    response = Client().get("/health")

    assert response.status_code == 503
    assert response.json()["status"] == "unhealthy"
    assert response.json()["services"][name]["status"] == "down"
    assert response.json()["services"][name]["error"] == "failed: ConnectionError"
    assert b"10.0.0.5" not in response.content


def test_plain_answer(dependencies):
    assert Client().get("/healthz").content == b"healthy"


def test_plain_answer_of_a_sick_system(dependencies):
    dependencies["storage"].trouble = OSError()

    response = Client().get("/healthz/")

    assert (response.status_code, response.content) == (503, b"unhealthy")


@pytest.mark.parametrize("path", READINESS_PATHS)
def test_ready_replica(path, dependencies):
    response = Client().get(path)

    assert response.status_code == 200
    assert response.json()["status"] == "ready"
    assert list(response.json()["services"]) == ["database", "cache", "broker", "migrations"]


@pytest.mark.parametrize("name", ["database", "cache", "broker", "migrations"])
def test_replica_is_not_ready_without_what_it_needs(name, dependencies):
    dependencies[name].trouble = OSError()

    response = Client().get("/readiness/")

    assert response.status_code == 503
    assert response.json()["status"] == "not_ready"


def test_replica_is_ready_without_storage(dependencies):
    dependencies["storage"].trouble = OSError()

    assert Client().get("/readiness/").status_code == 200


@pytest.mark.parametrize("path", LIVENESS_PATHS)
def test_liveness_asks_nobody(path, dependencies):
    response = Client().get(path)

    assert response.status_code == 200
    assert sum(dependency.asked for dependency in dependencies.values()) == 0


def test_only_reading_is_possible(dependencies):
    refused = Client(enforce_csrf_checks=True).post("/api/health/")

    assert refused.status_code == 405
    assert Client().head("/health").status_code == 200


@pytest.mark.django_db
def test_real_dependencies_are_up():
    response = Client().get("/api/health/")

    assert response.status_code == 200, response.json()


@pytest.mark.django_db
def test_missing_migration_is_noticed(monkeypatch):
    checks.migrations.cache_clear()
    known = checks._known_migrations()

    with monkeypatch.context() as patch:
        patch.setattr(checks, "_known_migrations", lambda: {*known, ("events", "9999_new")})
        for _ in range(2):
            with pytest.raises(checks.MigrationsMissing):
                checks.migrations()
    checks.migrations()


def test_what_takes_long_is_made_before_anybody_asks_and_asks_nobody(monkeypatch):
    files = bucket(endpoint="http://127.0.0.1:1")
    monkeypatch.setattr(checks, "default_storage", files)
    checks._known_migrations.cache_clear()

    checks.load()

    assert "connection" in vars(files)
    assert "connection" in vars(vars(files)["impatient"])
    assert checks._known_migrations.cache_info().currsize == 1


def test_storage_that_cannot_be_written_is_down(monkeypatch):
    class Full(InMemoryStorage):
        def _save(self, name, content):
            raise OSError("No space left on device")

    monkeypatch.setattr(checks, "default_storage", Full())

    assert result_of(Probe("storage", checks.storage)).status is Status.DOWN


def test_check_of_a_silent_broker_ends_soon(settings, silent_port, monkeypatch):
    monkeypatch.setattr(checks.app.conf, "broker_write_url", f"redis://127.0.0.1:{silent_port}/0")
    began = time.monotonic()

    result = result_of(Probe("broker", checks.broker))

    assert result.status is Status.DOWN
    assert time.monotonic() - began < 3


def test_slow_answer_is_degraded(clock):
    probe = Probe("slow", lambda: clock.wait(0.6))

    assert result_of(probe).status is Status.DEGRADED
    assert result_of(probe).seconds == pytest.approx(0.6)


def test_answer_is_kept_for_a_moment(clock):
    dependency = Dependency()
    probe = Probe("x", dependency)

    for _ in range(3):
        result_of(probe)
    assert dependency.asked == 1

    clock.wait(FRESH)
    result_of(probe)
    assert dependency.asked == 2


def test_many_callers_ask_once():
    release = threading.Event()
    asked = []

    def check():
        asked.append(1)
        release.wait(5)

    probe = Probe("x", check)
    with ThreadPoolExecutor(8) as pool:
        results = [pool.submit(result_of, probe) for _ in range(8)]
        release.set()

    assert {result.result().status for result in results} == {Status.UP}
    assert len(asked) == 1


def test_others_get_the_last_answer_while_one_asks_again(clock):
    release, asked = threading.Event(), threading.Semaphore(0)
    release.set()

    def check():
        asked.release()
        release.wait(5)

    probe = Probe("x", check)
    first = result_of(probe)
    asked.acquire()
    release.clear()
    clock.wait(FRESH)
    with ThreadPoolExecutor(1) as pool:
        starter = pool.submit(result_of, probe)
        asked.acquire()

        assert result_of(probe) is first

        release.set()
        assert starter.result() is not first


def test_stuck_check_is_an_outage_and_holds_nobody_up(clock):
    release = threading.Event()
    probe = Probe("x", lambda: release.wait(5) and None)

    flight = probe.begin()
    clock.wait(LONGEST_CACHED)
    result = probe.result(flight)

    assert (result.status, result.error) == (Status.DOWN, "no answer in time")
    release.set()


def test_three_failures_stop_the_asking_for_a_minute(clock, caplog):
    dependency = Dependency(ConnectionError())
    probe = Probe("x", dependency)

    def ask_for(seconds):
        for _ in range(0, seconds, FRESH):
            result_of(probe)
            clock.wait(FRESH)

    ask_for(50)
    assert dependency.asked == 3
    assert result_of(probe).status is Status.DOWN

    ask_for(20)
    assert dependency.asked == 4

    dependency.trouble = None
    ask_for(62)
    assert result_of(probe).status is Status.UP
    assert [record.message for record in caplog.records if record.levelname != "INFO"] == [
        "x failed three times: asked again in a minute.",
        "x is back.",
    ]


def test_migrations_are_asked_until_they_ran(clock):
    dependency = Dependency(checks.MigrationsMissing())
    probe = Probe("migrations", dependency, has_breaker=False)

    for _ in range(10):
        result_of(probe)
        clock.wait(FRESH)

    assert dependency.asked == 10
