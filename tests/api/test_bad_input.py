"""Bad input to every operation: a refusal that says what is wrong, and nothing changed."""

import json

import pytest
from django.db import transaction

from events.models import Event, EventParticipant
from tests.api.requests import OPERATIONS, REQUESTS, errors
from tests.api.schema import fields, operations
from users.models import User

pytestmark = pytest.mark.usefixtures("_no_limits")

TAKE_A_BODY = [key for key in OPERATIONS if REQUESTS[key].sends]
MEGABYTE = 1024 * 1024
BROKEN_BODIES = {
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "text": b'"reason"',
    "null": b"null",
    "cut off": b'{"reason": "',
    "not UTF-8": b'{"reason": "\xff"}',
    "half a character": b'{"reason": "\\ud800"}',
    "not a number": b'{"reason": NaN}',
    "infinite": b'{"reason": -Infinity}',
    "nested deeply": b'{"reason": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nested as deep as is read": b'{"reason": ' + b"[" * 1000 + b"]" * 1000 + b"}",
}
WRONG_VALUES = ({}, [{}], "\0", "x" * 20_000)
NUMBERS = (-1, 0, 1.5, 2**63, 10**30, "1e999", "NaN", True)
# What nobody may set by naming it.
NOT_FOR_CLIENTS = {
    "id": 1,
    "organizer": 1,
    "user": 1,
    "event": 1,
    "status": "archived",
    "cancel_reason": "Porque sim.",
    "seats_taken": 7,
    "seats_left": 7,
    "version": 7,
    "email": "taken.over@example.org",
    "is_staff": True,
    "is_superuser": True,
    "is_active": False,
    "token_version": 7,
    "checked_in_by": 1,
}


def fields_of(key):
    return fields(operations()[key])


@pytest.mark.parametrize("key", TAKE_A_BODY)
def test_a_broken_body_is_refused(key, sender, rows):
    post = sender(key)
    before = rows()

    answers = {kind: post(body) for kind, body in BROKEN_BODIES.items()}

    assert {kind for kind, answer in answers.items() if not errors(answer)} == set()
    assert rows() == before


@pytest.mark.parametrize("key", TAKE_A_BODY)
def test_a_huge_body_is_refused(key, sender, rows):
    post = sender(key)
    before = rows()

    response = post(json.dumps({"reason": "x" * 2 * MEGABYTE}))

    assert errors(response, 413)[0]["code"] == "too_large"
    assert rows() == before


@pytest.mark.parametrize("key", TAKE_A_BODY)
def test_a_body_that_is_not_json_is_refused(key, sender, rows):
    post = sender(key)
    before = rows()

    response = post("reason=storm", content_type="application/x-www-form-urlencoded")

    assert errors(response, 415)
    assert rows() == before


@pytest.mark.parametrize("key", TAKE_A_BODY)
def test_a_value_of_the_wrong_kind_is_refused_by_name(key, world, sender, rows):
    post, valid = sender(key), REQUESTS[key].body(world)
    before = rows()

    for field in fields_of(key):
        for value in WRONG_VALUES:
            attrs = [error["attr"] for error in errors(post(json.dumps({**valid, field: value})))]

            assert any(attr.split(".")[0] == field for attr in attrs), (field, value, attrs)
    assert rows() == before


@pytest.mark.parametrize("key", TAKE_A_BODY)
def test_no_number_breaks_anything(key, world, sender):
    post, valid = sender(key), REQUESTS[key].body(world)

    for field in fields_of(key):
        for number in NUMBERS:
            with transaction.atomic():
                response = post(json.dumps({**valid, field: number}))
                transaction.set_rollback(True)

            assert response.status_code < 500, (field, number)


def facts():
    """What only rules may change."""
    events = ("organizer_id", "status", "cancel_reason", "seats_taken", "version")
    people = ("email", "is_staff", "is_superuser", "is_active")
    places = ("event_id", "user_id", "status", "checked_in_by_id")
    return [
        sorted(model.objects.values_list(*names), key=str)
        for model, names in ((Event, events), (User, people), (EventParticipant, places))
    ]


# Whoever misspells a wish would believe that it was heard.
STRICT = "PATCH /users/profile/notifications/"


@pytest.mark.parametrize("key", [key for key in TAKE_A_BODY if key != STRICT])
def test_unknown_fields_are_ignored(key, world, sender):
    post, valid = sender(key), REQUESTS[key].body(world)
    extra = {name: NOT_FOR_CLIENTS[name] for name in NOT_FOR_CLIENTS.keys() - fields_of(key)}
    outcomes = []

    for body in (valid, {**extra, **valid}):
        with transaction.atomic():
            outcomes.append((post(json.dumps(body)).status_code, facts()))
            transaction.set_rollback(True)

    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] < 300
