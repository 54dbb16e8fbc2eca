"""What is written: one JSON object a line, with who and which request, and no secrets."""

import io
import json
import logging

import pytest
import structlog
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response
from structlog.stdlib import ProcessorFormatter

logger = structlog.get_logger("tests")


@api_view(["GET"])
def who(request):
    logging.getLogger("standard").warning("In the view of %s.", request.user.email)
    return Response({})


def broken(request):
    raise ValueError(f"no room for {request.GET['email']}, password={request.GET['password']}")


urlpatterns = [
    path("who/", who),
    path("broken/", broken),
    path("feeds/<str:token>.ics", lambda request, token: HttpResponse()),
    path("healthz", lambda request: HttpResponse()),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def lines():
    """What is logged from here on, as it would stand on standard output."""
    stream = io.StringIO()
    formatters = [handler.formatter for handler in logging.getLogger().handlers]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(next(one for one in formatters if isinstance(one, ProcessorFormatter)))
    logging.getLogger().addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.getLogger().removeHandler(handler)


def test_request_has_one_line(lines):
    Client().get("/who/?page=2&token=abc")

    (line,) = lines()
    assert line.pop("duration_ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert len(line.pop("request_id")) == 32
    assert line == {
        "event": "request_finished",
        "logger": "mutirao.requests",
        "level": "info",
        "method": "GET",
        "path": "/who/",
        "status": 401,
    }


@pytest.mark.django_db
def test_person_who_is_known_late_stands_in_all_later_lines(api, user, lines):
    api.get("/who/")

    inside, end = lines()
    assert inside["event"] == "In the view of ***"
    assert inside["user_id"] == end["user_id"] == user.pk
    assert inside["request_id"] == end["request_id"]


def test_line_costs_no_query(lines):
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = "x" * 32  # the database is out of reach here

    assert client.get("/who/").status_code == 401
    assert "user_id" not in lines()[0]


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("trace-12345678", True), ("short", False), ("a" * 65, False), ("x\r\nfake: 1", False)],
)
def test_request_id_is_taken_over_only_if_it_is_sane(lines, given, is_kept):
    response = Client(headers={"X-Request-ID": given}).get("/who/")

    assert (response.headers["X-Request-ID"] == given) is is_kept
    assert lines()[0]["request_id"] == response.headers["X-Request-ID"]


def test_token_in_a_path_is_not_written(lines):
    Client().get("/feeds/aVerySecretFeed.ics")

    assert lines()[0]["path"] == "/feeds/***.ics"


def test_failure_is_told_without_what_people_sent(lines):
    client = Client(raise_request_exception=False)

    response = client.get("/broken/?email=maria@example.org&password=correct-horse")

    assert response.status_code == 500
    failure, end = lines()
    assert "ValueError: no room for ***, password=***" in failure["exception"]
    assert end["status"] == 500
    assert "maria" not in str(lines())
    assert "correct-horse" not in str(lines())


def test_healthy_probes_are_not_written(lines):
    Client().get("/healthz")

    assert lines() == []


def test_line_breaks_cannot_forge_a_line(lines):
    logger.warning("first\r\n{}", name="a\nb")
    logging.getLogger("standard").warning("%s", 'x\n{"event": "forged"}')

    assert [line["event"] for line in lines()] == ["first\r\n{}", 'x\n{"event": "forged"}']


def test_what_json_cannot_hold_is_still_written(lines):
    logger.warning("odd", text="\ud800", number=2**70, kind=object)

    (line,) = lines()
    assert line["event"] == "odd"


def test_nested_secrets_of_both_loggers_are_hidden(lines):
    logger.warning(
        "sent", headers={"Authorization": "Bearer abc"}, people=[{"phone": 5511987654321}]
    )
    logging.getLogger("standard").error("Could not reach %s", "redis://:hunter22@cache:6379/0")

    first, second = lines()
    assert first["headers"] == {"Authorization": "***"}
    assert first["people"] == [{"phone": "***"}]
    assert second["event"] == "Could not reach redis:***:6379/0"


def test_next_request_starts_without_the_last_ones_words(lines):
    structlog.contextvars.bind_contextvars(leftover="x")
    Client().get("/who/")

    assert "leftover" not in lines()[0]
    assert structlog.contextvars.get_contextvars() == {}
