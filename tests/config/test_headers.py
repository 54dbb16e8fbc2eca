"""Headers that stand on every answer, errors too, each once."""

import re

import pytest
from django.test import Client

ORIGIN = "https://app.mutirao.org"
PATHS = [
    ("/liveness/", 200),
    ("/docs", 200),
    ("/admin/login/", 200),
    ("/favicon.ico", 200),
    ("/static/config/favicon.svg", 200),
    ("/nowhere/", 404),
    ("/api/v1/nowhere/", 404),
    ("/api/v1/users/profile/", 401),
]
ALWAYS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "same-origin",
}
pytestmark = pytest.mark.django_db


def get(path):
    response = Client().get(path)
    response.body = response.getvalue()
    response.close()  # files are streamed
    return response


@pytest.mark.parametrize(("path", "status"), PATHS)
def test_every_answer_has_the_headers(path, status):
    response = get(path)

    assert response.status_code == status
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS
    assert response.headers["X-Request-ID"]
    assert "Content-Security-Policy" in response.headers


def test_refused_host_has_the_headers_too():
    response = Client().get("/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert {name: response.headers.get(name) for name in ALWAYS} == ALWAYS


def test_tls_is_remembered_by_browsers(settings):
    settings.SECURE_HSTS_SECONDS = 31_536_000

    plain = Client().get("/liveness/")
    safe = Client().get("/liveness/", headers={"X-Forwarded-Proto": "https"})

    assert "Strict-Transport-Security" not in plain.headers
    assert safe.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize("path", ["/api/v1/nowhere/", "/api/schema/", "/health"])
def test_api_may_load_nothing(path):
    policy = Client().get(path).headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_scripts_of_the_admin_are_files_of_ours():
    policy = Client().get("/admin/login/").headers["Content-Security-Policy"]

    assert "script-src 'self' 'unsafe-eval'" in policy.split("; ")


@pytest.mark.parametrize("path", ["/admin/login/", "/docs"])
def test_pages_load_only_from_here(path):
    policy = Client().get(path).headers["Content-Security-Policy"]

    assert policy.startswith("default-src 'self'")
    assert not re.search(r"https?:|\*", policy)


def test_answer_to_a_token_stays_in_no_cache(user, api):
    with_token = Client(headers={"Authorization": "Bearer x"})

    for path in ("/api/v1/users/profile/", "/api/v1/nowhere/", "/api/v1/events/"):
        assert with_token.get(path).headers["Cache-Control"] == "private, no-store"


def test_allowed_origin_may_send_tokens_and_keys(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]

    preflight = Client().options(
        "/api/v1/events/1/join/",
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, idempotency-key, content-type",
        },
    )
    answer = Client().get("/api/v1/nowhere/", headers={"Origin": ORIGIN})

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    allowed = preflight.headers["Access-Control-Allow-Headers"]
    assert {"authorization", "idempotency-key", "content-type"} <= set(allowed.split(", "))
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Retry-After" in answer.headers["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", f"{ORIGIN}.evil.example", "null"])
def test_foreign_origin_gets_no_leave(settings, origin):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]

    response = Client().get("/api/v1/nowhere/", headers={"Origin": origin})

    assert not [name for name in response.headers if name.startswith("Access-Control")]


def test_no_origin_is_allowed_unless_named():
    response = Client().get("/api/v1/nowhere/", headers={"Origin": ORIGIN})

    assert "Access-Control-Allow-Origin" not in response.headers


@pytest.mark.parametrize("path", ["/docs", "/docs/"])
def test_documentation_loads_nothing_from_elsewhere(path):
    response = Client().get(path)

    page = response.content.decode()
    assert response.status_code == 200
    assert "swagger-ui" in page
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for asset in re.findall(r"""(?:src|href)=["'](/static/[^"']+)""", page):
        assert get(asset).status_code == 200


def test_start_of_the_site_leads_to_the_documentation():
    assert Client().get("/").headers["Location"] == "/docs"


def test_icon_is_served():
    response = get("/favicon.ico")

    assert response.body.startswith(b"\x00\x00\x01\x00")
    assert response.headers["Content-Type"] == "image/x-icon"
