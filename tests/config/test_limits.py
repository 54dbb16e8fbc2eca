"""Limits: one count for all processes, and no harm without Redis."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from rest_framework.decorators import api_view, permission_classes, throttle_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from config import limits


@pytest.fixture(autouse=True)
def rates(settings):
    settings.RATE_LIMITS = {"door": "3/minute", "window": "3/minute"}


@pytest.fixture
def redis_at(settings):
    """Point the limits at another port; afterwards back."""

    def point(port):
        settings.REDIS_URL = f"redis://127.0.0.1:{port}/0"
        limits._limiter.cache_clear()

    limits._outage.end()
    yield point
    limits._limiter.cache_clear()
    limits._outage.end()


def test_what_is_too_much_is_told_when_to_come_back():
    with time_machine.travel("2027-05-03T09:00:00Z", tick=False) as now:
        assert [limits.hit("door", "a") for _ in range(4)] == [None, None, None, 60]

        now.shift(45)
        assert limits.hit("door", "a") == 15

        now.shift(16)
        assert limits.hit("door", "a") is None


def test_each_name_and_identifier_has_its_own_count():
    for _ in range(4):
        limits.hit("door", "a", "b")

    assert limits.hit("door", "a", "b") is not None
    assert limits.hit("window", "a", "b") is None
    assert limits.hit("door", "a", "c") is None
    assert limits.hit("door", "a/b") is None


def test_cleared_count_starts_anew():
    for _ in range(4):
        limits.hit("door", "a")

    limits.clear("door", "a")

    assert limits.hit("door", "a") is None


def test_limits_can_be_switched_off(settings):
    settings.RATE_LIMITS_ENABLED = False

    assert [limits.hit("door", "a") for _ in range(5)] == [None] * 5


def test_simultaneous_hits_never_exceed_the_limit():
    start = Barrier(8)

    def race(_):
        start.wait()
        return limits.hit("door", "a")

    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(race, range(8)))

    assert waits.count(None) == 3


def test_without_redis_everything_is_let_through_with_one_warning(redis_at, closed_port, caplog):
    redis_at(closed_port)

    assert [limits.hit("door", "a") for _ in range(5)] == [None] * 5
    limits.clear("door", "a")

    ours = [record for record in caplog.records if record.name == "config.limits"]
    assert [record.message for record in ours] == [
        "Redis does not answer: rate limits let everything through."
    ]


def test_who_must_know_learns_that_nothing_was_counted(redis_at, closed_port):
    redis_at(closed_port)

    with pytest.raises(limits.LimitsUnavailable):
        limits.hit_strictly("door", "a")


def test_silent_redis_costs_no_more_than_its_timeout(redis_at, silent_port):
    redis_at(silent_port)
    began = time.monotonic()

    assert limits.hit("door", "a") is None

    assert time.monotonic() - began < 2


@api_view(["GET"])
@permission_classes([AllowAny])
@throttle_classes([limits.by_address("door")])
def view(request):
    return Response({})


def get(address, forwarded=""):
    request = APIRequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded)
    return view(request)


def test_address_that_asks_too_often_gets_429():
    answers = [get("192.0.2.1") for _ in range(4)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[3].headers["Retry-After"]) <= 60
    assert get("192.0.2.2").status_code == 200


def test_invented_forwarding_does_not_evade_the_limit(settings):
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]

    direct = [get("192.0.2.1", f"198.51.100.{n}").status_code for n in range(4)]
    proxied = [get("10.0.0.1", f"198.51.100.{n}, 192.0.2.7").status_code for n in range(4)]

    assert direct == proxied == [200, 200, 200, 429]
