"""Tokens that are not, or no longer, good: 401 from every operation that reads one."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.tokens import AccessToken

from tests.api.requests import OPERATIONS, REQUESTS, errors, method_of
from tests.api.schema import operations
from tests.factories import PASSWORD
from users import tokens

STRANGERS_KEY = "a key of somebody else, long enough for HS256"


def access_token(world, **changes):
    """A good token, but for the given claims."""
    token = AccessToken(world.sign_in.access)
    token.payload.update(changes)
    return token


def signed_by_a_stranger(world, issuer=django_settings.SIMPLE_JWT["ISSUER"], key=STRANGERS_KEY):
    claims = access_token(world).payload
    return TokenBackend("HS256", key, issuer=issuer).encode(claims)


def unsigned(world):
    header = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"  # {"alg":"none","typ":"JWT"}
    return f"{header}.{world.sign_in.access.split('.')[1]}."


def expired(world):
    return access_token(world, exp=int((timezone.now() - timedelta(minutes=2)).timestamp()))


def of_a_closed_account(world):
    token = world.sign_in.access
    type(world.owner).objects.filter(pk=world.owner.pk).update(is_active=False)
    return token


def from_before_a_new_password(world):
    token = world.sign_in.access
    world.owner.set_password(PASSWORD + "!")
    world.owner.save()
    return token


BAD_TOKENS = {
    "expired": expired,
    "signed by a stranger": signed_by_a_stranger,
    "of another issuer": lambda world: signed_by_a_stranger(
        world, issuer="other", key=django_settings.SIMPLE_JWT["SIGNING_KEY"]
    ),
    "unsigned": unsigned,
    "a refresh token": lambda world: world.sign_in.refresh,
    "of a closed account": of_a_closed_account,
    "from before a new password": from_before_a_new_password,
    "of nobody": lambda world: access_token(world, user_id="0"),
    "of an id that is none": lambda world: access_token(world, user_id=str(2**70)),
    "no token at all": lambda world: "abc.def.ghi",
    "two": lambda world: f"{world.sign_in.access} {world.sign_in.access}",
    "empty": lambda world: "",
    "not ASCII": lambda world: "ç\xff",
}
# Proved by what they send, or open to all who write.
PROOF_IN_BODY = {"POST /leads/", "POST /leads/email/confirm/"} | {
    f"POST /users/{path}/"
    for path in (
        "register",
        "email/confirm",
        "email/change/confirm",
        "password/forgot",
        "password/reset",
    )
}
READ_A_TOKEN = [
    key
    for key in OPERATIONS
    if "POST /token/" not in key and "{token}" not in key and key not in PROOF_IN_BODY
]


def test_the_operations_that_read_a_token_are_those_that_say_so():
    say_so = [
        key for key, operation in operations().items() if {"token": []} in operation["security"]
    ]

    assert set(say_so) == set(READ_A_TOKEN)


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_bad_token_is_refused_everywhere(kind, world, rows):
    paths = {key: REQUESTS[key].path(world, key) for key in READ_A_TOKEN}
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {BAD_TOKENS[kind](world)}")
    before = rows()

    for key, path in paths.items():
        response = getattr(client, method_of(key))(path)

        assert errors(response, 401), key
        assert response.headers["WWW-Authenticate"].startswith("Bearer"), key
    assert rows() == before


def test_a_good_token_is_accepted(world):
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {access_token(world)}")

    assert client.get("/api/v1/users/profile/").status_code == 200


def test_an_old_token_does_not_hinder_signing_in(world):
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {expired(world)}")
    credentials = {"email": world.owner.email, "password": PASSWORD}

    response = client.post("/api/v1/token/", credentials)

    assert tokens.read(response.json()["access"])["user_id"] == str(world.owner.pk)
