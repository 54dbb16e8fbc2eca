"""Each operation has four addresses: with and without version, with and without the last slash."""

import pytest

from tests.api.requests import OPERATIONS, REQUESTS, call, errors
from tests.api.schema import PREFIX

FORMS = {
    "canonical": lambda path: path,
    "without a slash": lambda path: path.rstrip("/"),
    "without a version": lambda path: path.replace(PREFIX, "/api"),
    "without either": lambda path: path.replace(PREFIX, "/api").rstrip("/"),
}


@pytest.fixture(params=FORMS)
def form(request):
    return FORMS[request.param]


@pytest.mark.parametrize("key", OPERATIONS)
def test_every_operation_answers_there(key, form, world):
    request = REQUESTS[key]
    client, body = world.client_of(request.welcome), request.body(world)
    path, query, rest = request.path(world, key).partition("?")

    response = call(client, key, form(path) + query + rest, body)

    assert response.status_code == getattr(request, request.welcome)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"title": NaN}', b'{"title": "\xff"}'])
def test_bad_input_is_refused_there(body, form, world):
    client = world.client_of("organizer")

    response = client.post(form("/api/v1/events/"), body, content_type="application/json")

    assert errors(response)


@pytest.mark.parametrize("path", ["/nothing/", "/events/0/", f"/events/{2**64}/", "/events/x/"])
def test_what_is_not_there_is_not_found_there(path, form, db, anonymous):
    assert errors(anonymous.get(form(PREFIX + path)), 404)
