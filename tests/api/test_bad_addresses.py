"""Bad ids and bad queries, on every operation that takes them."""

import re

import pytest

from tests.api.requests import OPERATIONS, REQUESTS, call, errors
from tests.api.schema import operations, parameters

NUMBERS = (0, 2**31, 2**63, 2**64, 10**30)
NO_NUMBERS = ("-1", "1.5", "x", "%00", "%F0%9F%8C%B1", "1%2F2")
FREE_TEXT = {"search", "city", "source", "campaign", "tag"}


def ids(key):
    return re.findall(r"{(\w+)}", key)


TAKE_IDS = [key for key in OPERATIONS if ids(key)]
TAKE_NUMBERS = [key for key in TAKE_IDS if "{token}" not in key and "sessions" not in key]
TAKE_QUERIES = [key for key in OPERATIONS if key.startswith("GET")]


@pytest.fixture
def ask(world):
    """Makes a function that sends the request of a row, as one who may, to another address."""

    def make(key):
        request = REQUESTS[key]
        client, body = world.client_of(request.welcome), request.body(world)
        request.path(world, key)  # makes what it is about

        def send(query="", **ids):
            return call(client, key, request.path(world, key, **ids) + query, body)

        return send

    return make


@pytest.mark.parametrize("key", TAKE_NUMBERS)
def test_what_is_not_there_is_not_found(key, ask, rows):
    send = ask(key)
    before = rows()

    for name in ids(key):
        for number in NUMBERS:
            assert errors(send(**{name: number}), 404), (name, number)
    assert rows() == before


@pytest.mark.parametrize("key", TAKE_IDS)
def test_what_is_no_id_is_not_found(key, ask, rows):
    send = ask(key)
    before = rows()

    for name in ids(key):
        for text in NO_NUMBERS:
            assert errors(send(**{name: text}), 404), (name, text)
    assert rows() == before


def queries(key):
    return [one["name"] for one in parameters(operations()[key], "query")]


@pytest.mark.parametrize("key", TAKE_QUERIES)
def test_an_unknown_value_of_a_filter_is_refused_by_name(key, ask):
    send = ask(key)
    joint = "&" if REQUESTS[key].query else "?"

    for name in queries(key):
        for value in ("%00", "%E2%98%83", "x" * 500):
            response = send(f"{joint}{name}={value}")

            is_fine = value == "%E2%98%83" and name in FREE_TEXT
            assert is_fine or errors(response)[0]["attr"] == name, value


@pytest.mark.parametrize("key", TAKE_QUERIES)
def test_no_number_in_a_query_breaks_anything(key, ask):
    send = ask(key)
    joint = "&" if REQUESTS[key].query else "?"

    for name in queries(key):
        for value in ("-1", "0", "1e999", "NaN", "Infinity", 2**63, 10**30):
            assert send(f"{joint}{name}={value}").status_code < 500, (name, value)


def test_a_page_that_is_not_there_is_not_found(ask):
    paged = [key for key in TAKE_QUERIES if "page" in queries(key)]
    assert paged

    for key in paged:
        joint = "&" if REQUESTS[key].query else "?"

        assert errors(ask(key)(f"{joint}page={10**9}"), 404)[0]["attr"] == "page", key


@pytest.mark.parametrize("key", OPERATIONS)
def test_asking_for_the_options_breaks_nothing(key, world):
    client = world.client_of("staff")

    assert client.options(REQUESTS[key].path(world, key)).status_code in (200, 404)
