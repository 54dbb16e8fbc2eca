"""Breakers: shared by all processes, one probe, and of use without Redis."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import stamina
from django.urls import path
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.test import APIClient

from config import cache
from config.errors import DependencyAway
from config.resilience import Breaker, breakers, reports, states, tries


@pytest.fixture(autouse=True)
def _known_breakers(monkeypatch):
    monkeypatch.setattr(breakers, "_all", dict(breakers._all))


@pytest.fixture
def no_redis():
    """The cache is known to be away."""
    cache.BREAKER._store.write(state="open", opened_at=time.time() + 60)


@pytest.fixture(params=["with Redis", "without Redis"])
def anywhere(request):
    if request.param == "without Redis":
        request.getfixturevalue("no_redis")


class Dependency:
    is_away = True
    asked = 0

    def __call__(self):
        self.asked += 1
        if self.is_away:
            raise ConnectionError
        return "answer"


def fail(breaker, dependency, times=5):
    for _ in range(times):
        with pytest.raises(ConnectionError):
            breaker.call(dependency)


def let_pass(breaker, seconds):
    """Move the opening into the past; the probe before it is that old as well."""
    opened_at = breaker._store.read().opened_at
    breaker._store.write(opened_at=opened_at - seconds)


@pytest.mark.usefixtures("anywhere")
def test_five_failures_in_a_row_stop_the_asking():
    dependency, breaker = Dependency(), Breaker("x")

    fail(breaker, dependency)
    with pytest.raises(DependencyAway) as refusal:
        breaker.call(dependency)

    assert dependency.asked == 5
    assert 55 < refusal.value.wait <= 60
    assert states()["x"] == "open"


@pytest.mark.usefixtures("anywhere")
def test_success_in_between_starts_the_count_anew():
    dependency, breaker = Dependency(), Breaker("x")

    fail(breaker, dependency, 4)
    dependency.is_away = False
    breaker.call(dependency)
    dependency.is_away = True
    fail(breaker, dependency, 4)

    assert states()["x"] == "closed"


@pytest.mark.usefixtures("anywhere")
def test_after_its_time_it_asks_and_closes():
    dependency, breaker = Dependency(), Breaker("x")
    fail(breaker, dependency)
    dependency.is_away = False
    let_pass(breaker, 61)
    assert states()["x"] == "half_open"

    assert breaker.call(dependency) == "answer"

    assert states()["x"] == "closed"
    assert breaker.call(dependency) == "answer"


@pytest.mark.usefixtures("anywhere")
def test_failed_probe_opens_it_again():
    dependency, breaker = Dependency(), Breaker("x")
    fail(breaker, dependency)
    let_pass(breaker, 61)

    fail(breaker, dependency, 1)

    with pytest.raises(DependencyAway):
        breaker.call(dependency)
    assert dependency.asked == 6


@pytest.mark.usefixtures("anywhere")
def test_only_one_of_many_probes_and_nobody_waits_for_it():
    breaker, dependency = Breaker("x"), Dependency()
    fail(breaker, dependency)
    let_pass(breaker, 61)
    asked, release = threading.Semaphore(0), threading.Event()

    def slow():
        asked.release()
        release.wait(5)

    with ThreadPoolExecutor(1) as pool:
        probe = pool.submit(breaker.call, slow)
        asked.acquire()
        for _ in range(5):
            with pytest.raises(DependencyAway):
                breaker.call(dependency)
        release.set()
        probe.result()

    assert dependency.asked == 5


def test_calls_do_not_wait_for_each_other():
    breaker, meeting = Breaker("x"), threading.Barrier(4, timeout=5)

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(breaker.call, meeting.wait) for _ in range(4)]

    assert sorted(call.result() for call in calls) == [0, 1, 2, 3]


def test_state_is_shared_between_processes():
    dependency, here, there = Dependency(), Breaker("x"), Breaker("x")

    fail(here, dependency, 3)
    fail(there, dependency, 2)

    for breaker in (here, there):
        with pytest.raises(DependencyAway):
            breaker.call(dependency)


def test_only_one_process_probes():
    dependency, here, there = Dependency(), Breaker("x"), Breaker("x")
    fail(here, dependency)
    let_pass(here, 61)

    def probe():
        with pytest.raises(DependencyAway):
            there.call(dependency)

    here.call(probe)

    assert dependency.asked == 5


@pytest.mark.usefixtures("no_redis")
def test_without_redis_each_process_counts_for_itself():
    dependency, here, there = Dependency(), Breaker("x"), Breaker("x")

    fail(here, dependency)

    fail(there, dependency, 1)


def test_redis_that_goes_away_does_not_close_an_open_breaker():
    dependency, breaker = Dependency(), Breaker("x")
    fail(breaker, dependency)

    cache.BREAKER._store.write(state="open", opened_at=time.time() + 60)

    with pytest.raises(DependencyAway):
        breaker.call(dependency)


def test_what_another_process_found_is_known_when_redis_goes_away():
    dependency, here, there = Dependency(), Breaker("x"), Breaker("x")
    fail(there, dependency)
    here.report()

    cache.BREAKER._store.write(state="open", opened_at=time.time() + 60)

    with pytest.raises(DependencyAway):
        here.call(dependency)


def test_errors_that_say_nothing_of_the_dependency_are_not_counted():
    breaker = Breaker("x", failures=1, ignored=(ValueError,))

    for _ in range(2):
        with pytest.raises(ValueError, match="invalid"):
            breaker.call(int, "x")


def test_probe_that_ends_with_such_an_error_leaves_it_open():
    breaker = Breaker("x", failures=1, ignored=(ValueError,))
    fail(breaker, Dependency(), 1)
    let_pass(breaker, 61)

    with pytest.raises(ValueError, match="invalid"):
        breaker.call(int, "x")

    assert states()["x"] == "open"


def test_report_says_since_when(caplog):
    breaker = Breaker("x")

    fail(breaker, Dependency())

    (report,) = [report for report in reports() if report.name == "x"]
    assert (report.state, report.failures, report.is_shared) == ("open", 5, True)
    assert abs(report.since.timestamp() - time.time()) < 5
    assert caplog.text.count("x is away") == 1


def test_three_tries_ever_later():
    pauses = _pauses()

    assert len(pauses) == 2
    assert 1 <= pauses[0] <= 2
    assert 2 <= pauses[1] <= 3


def _pauses():
    """How long it waits in between, as its hook is told."""
    seen = []
    stamina.instrumentation.set_on_retry_hooks([lambda details: seen.append(details.wait_for)])
    try:
        for attempt in tries(ConnectionError):
            with attempt:
                raise ConnectionError
    except ConnectionError:
        return seen
    finally:
        stamina.instrumentation.set_on_retry_hooks(None)


@api_view(["GET"])
@permission_classes([AllowAny])
def view(request):
    raise DependencyAway("provider", wait=41.2)


urlpatterns = [path("api/v1/away/", view)]


@pytest.mark.urls(__name__)
def test_dependency_that_is_away_is_503_with_the_time_to_wait():
    response = APIClient(raise_request_exception=False).get("/api/v1/away/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "42"
    assert response.json()["errors"][0]["code"] == "unavailable"


@pytest.mark.usefixtures("anywhere")
def test_what_shows_outside_of_a_call_counts_too():
    breaker = Breaker("x", failures=2)
    breaker.admit()
    breaker.fail(ConnectionError())
    breaker.succeed()
    for _ in range(2):
        breaker.admit()
        breaker.fail(ConnectionError())

    with pytest.raises(DependencyAway) as refusal:
        breaker.admit()

    assert 55 < refusal.value.wait <= 60


@pytest.mark.usefixtures("anywhere")
def test_of_those_who_ask_outside_of_a_call_one_may_try():
    breaker = Breaker("x", failures=1)
    breaker.fail(ConnectionError())
    let_pass(breaker, 61)
    breaker.admit()

    with pytest.raises(DependencyAway):
        breaker.admit()

    breaker.succeed()
    breaker.admit()
    assert states()["x"] == "closed"


@pytest.mark.usefixtures("anywhere")
def test_probe_outside_of_a_call_that_fails_leaves_it_open():
    breaker = Breaker("x", failures=1)
    breaker.fail(ConnectionError())
    let_pass(breaker, 61)
    breaker.admit()

    breaker.fail(ConnectionError())

    with pytest.raises(DependencyAway):
        breaker.admit()
