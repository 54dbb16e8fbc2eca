"""Every refusal has one shape under /api, and no answer tells more than it should."""

import errno

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import include, path
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from config import urls
from config.api import command
from config.errors import DomainError


class SeatsGone(DomainError):
    code = "seats_gone"
    message = "No seats."


class ComeBack(DomainError):
    code = "come_back"
    wait = 7


RAISED = {
    "rule": SeatsGone(),
    "field": SeatsGone(attr="capacity"),
    "later": ComeBack(),
    "database": OperationalError("server at 10.0.0.5 closed the connection"),
    "connection": InterfaceError("connection already closed"),
    "disk": OSError(errno.ENOSPC, "No space left on device", "/srv/secret/place"),
    "bug": RuntimeError("with a secret in it"),
}


@api_view(["GET"])
@permission_classes([AllowAny])
def raising(request, what):
    raise RAISED[what]


def crashing(request):
    raise RuntimeError("with a secret in it")


class Numbers(serializers.Serializer):
    number = serializers.FloatField()


@command(request=Numbers, responses=Numbers, permission_classes=[AllowAny])
def numbers(request):
    given = Numbers(data=request.data)
    given.is_valid(raise_exception=True)
    return Response(given.validated_data)


handler400, handler404, handler500 = urls.handler400, urls.handler404, urls.handler500
urlpatterns = [
    path("api/v1/raising/<str:what>/", raising),
    path("api/v1/numbers/", numbers),
    path("api/v1/crashing/", crashing),
    path("crashing/", crashing),
    path("", include("config.urls")),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def client():
    return Client(raise_request_exception=False, headers={"Accept-Language": "en"})


def error_of(response):
    assert response.headers["Content-Type"] == "application/json"
    assert set(response.json()) == {"type", "errors"}
    (error,) = response.json()["errors"]
    assert set(error) == {"code", "detail", "attr"}
    return response.json()["type"], error["code"], error["attr"]


def test_broken_rule_is_409_with_its_code(client):
    response = client.get("/api/v1/raising/rule/")

    assert response.status_code == 409
    assert error_of(response) == ("client_error", "seats_gone", None)


def test_broken_rule_names_its_field(client):
    assert error_of(client.get("/api/v1/raising/field/"))[2] == "capacity"


def test_rule_that_time_heals_says_when(client):
    assert client.get("/api/v1/raising/later/").headers["Retry-After"] == "7"


def test_full_disk_is_a_507_that_says_no_path(client):
    response = client.get("/api/v1/raising/disk/")

    assert response.status_code == 507
    assert response.json()["errors"][0]["code"] == "full"
    assert b"secret" not in response.content


@pytest.mark.parametrize("what", ["database", "connection"])
def test_absent_database_is_503_with_a_time_to_come_back(client, what):
    response = client.get(f"/api/v1/raising/{what}/")

    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert error_of(response) == ("server_error", "unavailable", None)
    assert b"10.0.0.5" not in response.content


@pytest.mark.parametrize("path", ["/api/v1/raising/bug/", "/api/v1/crashing/"])
def test_bug_under_api_is_500_without_its_reason(client, path):
    response = client.get(path)

    assert response.status_code == 500
    assert error_of(response)[:2] == ("server_error", "error")
    assert b"secret" not in response.content


def test_bug_elsewhere_is_a_page_without_its_reason(client):
    response = client.get("/crashing/")

    assert response.status_code == 500
    assert response.headers["Content-Type"].startswith("text/html")
    assert b"secret" not in response.content


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/nowhere/", "/api/"])
def test_unknown_path_under_api_is_404_in_json(client, path):
    response = client.post(path)

    assert response.status_code == 404
    assert error_of(response) == ("client_error", "not_found", None)


def test_unknown_path_elsewhere_is_a_page_in_the_reader_s_language(client):
    english = client.get("/nowhere/")
    portuguese = client.get("/nowhere/", headers={"Accept-Language": "pt-BR"})

    assert english.status_code == portuguese.status_code == 404
    assert "Not found." in english.content.decode()
    assert "Não encontrado." in portuguese.content.decode()


def test_foreign_host_is_400(client):
    response = client.get("/api/v1/events/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert error_of(response) == ("client_error", "bad_request", None)
    assert b"evil" not in response.content


def test_body_that_is_too_large_is_413(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = client.post("/api/v1/numbers/", {"number": "1" * 1000}, "application/json")

    assert response.status_code == 413
    assert error_of(response) == ("client_error", "too_large", None)


@pytest.mark.parametrize(
    "body",
    ["{", "[" * 5000, '{"number": NaN}', '{"number": 1e999}', '{"number": -Infinity}', "\xff"]
    + ['{"number": "\\ud800"}', "", "null", "[]", '"text"', '{"number": "NaN"}', "1" * 500],
)
def test_body_that_is_no_number_is_400(client, body):
    response = client.post(
        "/api/v1/numbers/", body.encode("latin-1"), content_type="application/json"
    )

    assert response.status_code == 400, response.content
    assert response.json()["errors"][0]["detail"]


def test_other_media_type_is_415(client):
    assert client.post("/api/v1/numbers/", {"number": 1}).status_code == 415


def test_other_method_is_405(client):
    response = client.get("/api/v1/numbers/")

    assert response.status_code == 405
    assert error_of(response)[1] == "method_not_allowed"
