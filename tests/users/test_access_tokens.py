from datetime import UTC, datetime

import jwt
import pytest
import time_machine
from django.conf import settings
from django.db import connection
from rest_framework.test import APIClient, APIRequestFactory

from tests.factories import PASSWORD, UserFactory
from tests.users.answers import errors
from users import services
from users.authentication import NEEDED, TokenAuthentication
from users.models import User

ME = "/api/v1/users/profile/"
NOON = datetime(2027, 5, 3, 12, tzinfo=UTC)


def send(token, path=ME):
    return APIClient().get(path, headers={"Authorization": f"Bearer {token}"})


def altered(token, *, key=None, algorithm="HS256", **claims):
    """The token with other claims (without those that are None), signed anew."""
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    payload = {name: value for name, value in payload.items() if value is not None}
    key = settings.SIMPLE_JWT["SIGNING_KEY"] if key is None else key
    return jwt.encode(payload, key, algorithm)


def test_a_token_acts_as_its_owner(user, sign_in):
    assert send(sign_in(user).access).json()["email"] == user.email


def test_a_token_costs_one_query(user, sign_in, django_assert_num_queries):
    header = f"Bearer {sign_in(user).access}"
    request = APIRequestFactory().get("/", headers={"Authorization": header})

    with django_assert_num_queries(1):
        owner, _ = TokenAuthentication().authenticate(request)
        known = {name: getattr(owner, name) for name in NEEDED}

    assert known == {name: getattr(user, name) for name in NEEDED}


def test_without_a_token_what_is_private_is_refused(db, anonymous):
    response = anonymous.get(ME)

    assert response.status_code == 401
    assert errors(response) == [(None, "not_authenticated")]


@pytest.mark.parametrize("path", [ME, "/api/v1/events/"], ids=["private", "public"])
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "\xff", "a b"])
def test_what_is_no_token_is_refused_everywhere(db, path, token):
    response = send(token, path)

    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("users/register/", 400),
        ("users/email/confirm/", 400),
        ("users/email/change/confirm/", 400),
        ("users/password/forgot/", 202),
        ("users/password/reset/", 400),
    ],
)
def test_a_stale_token_does_not_keep_anyone_from_what_is_open_to_all(db, path, status):
    stale = APIClient(headers={"Authorization": "Bearer stale", "Idempotency-Key": "k"})

    response = stale.post(f"/api/v1/{path}", {"email": "ana@example.org"})

    assert response.status_code == status


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: altered(token, key="another key" * 5),
        lambda token: altered(token, key=settings.SECRET_KEY),
        lambda token: altered(token, key="", algorithm="none"),
        lambda token: altered(token, algorithm="HS512"),
        lambda token: altered(token, iss="another issuer"),
        lambda token: altered(token, iss=None),
        lambda token: altered(token, token_type="refresh"),
        lambda token: altered(token, token_type=None),
        lambda token: altered(token, exp=None),
        lambda token: altered(token, jti=None),
        lambda token: altered(token, ver=None),
        lambda token: altered(token, ver=7),
        lambda token: altered(token, user_id="999999"),
        lambda token: altered(token, family=None),
        lambda token: token[:-4] + "AAAA",
    ],
    ids=[
        "other key",
        "key of the site",
        "unsigned",
        "other algorithm",
        "other issuer",
        "no issuer",
        "refresh token",
        "no type",
        "no end",
        "no id",
        "no version",
        "other version",
        "nobody",
        "no family",
        "cut signature",
    ],
)
@pytest.mark.filterwarnings("ignore:The HMAC key is")
def test_a_foreign_token_is_refused(user, sign_in, forge):
    response = send(forge(sign_in(user).access))

    assert response.status_code == 401
    assert errors(response) == [(None, "authentication_failed")]


def test_a_refresh_token_is_no_access_token(user, sign_in):
    assert send(sign_in(user).refresh).status_code == 401


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(-29, 200), (0, 200), (3600 + 29, 200), (-31, 401), (3600 + 31, 401)],
    ids=["clock behind", "same clock", "clock ahead", "far behind", "expired"],
)
def test_clocks_may_differ_by_thirty_seconds(user, sign_in, seconds, status):
    with time_machine.travel(NOON, tick=False):
        token = sign_in(user).access

    with time_machine.travel(NOON.timestamp() + seconds, tick=False):
        assert send(token).status_code == status


def test_a_refresh_token_lives_seven_days(user, sign_in, post):
    week = 7 * 24 * 3600
    with time_machine.travel(NOON, tick=False):
        alive, dead = sign_in(user), sign_in(user)

    with time_machine.travel(NOON.timestamp() + week - 1, tick=False):
        assert post("token/refresh/", refresh=alive.refresh).status_code == 200
    with time_machine.travel(NOON.timestamp() + week + 31, tick=False):
        assert post("token/refresh/", refresh=dead.refresh).status_code == 401


def by_admin_form(user):
    """What the admin does: a whole row that was read earlier is written."""
    user.set_password("another good password")
    user.save()


def by_sql(user):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_user SET password = 'x' WHERE id = %s", [user.pk])


def closed_by_form(user):
    user.is_active = False
    user.save()


@pytest.mark.parametrize(
    "act",
    [
        by_admin_form,
        by_sql,
        closed_by_form,
        services.deactivate,
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: services.change_password(
            user,
            current_password=PASSWORD,
            new_password="another good password",
            device=services.Device("192.0.2.1", ""),
        ),
    ],
    ids=["form", "SQL", "closed by form", "closed by service", "closed by update", "service"],
)
def test_a_new_password_or_a_closed_account_ends_tokens_at_the_next_request(
    user, sign_in, post, act
):
    pair = sign_in(user)
    assert send(pair.access).status_code == 200

    act(user)

    assert send(pair.access).status_code == 401
    assert post("token/refresh/", refresh=pair.refresh).status_code == 401
    assert post("token/verify/", token=pair.access).status_code == 401


def test_an_account_that_was_opened_again_needs_a_new_sign_in(user, sign_in):
    pair = sign_in(user)
    services.deactivate(user)

    services.reactivate(user)

    assert send(pair.access).status_code == 401
    assert send(sign_in(user).access).status_code == 200


def test_a_row_that_was_read_earlier_brings_no_ended_token_back(user, sign_in):
    stale = User.objects.get(pk=user.pk)
    pair = sign_in(user)
    User.objects.filter(pk=user.pk).update(token_version=5)

    stale.save()

    user.refresh_from_db()
    assert user.token_version == 5
    assert send(pair.access).status_code == 401


def test_a_change_of_the_profile_ends_nothing(user, sign_in):
    pair = sign_in(user)

    user.first_name = "Ana"
    user.save()

    assert send(pair.access).status_code == 200


def test_tokens_of_one_person_end_for_nobody_else(user, sign_in):
    other = UserFactory()
    pair = sign_in(other)

    by_admin_form(user)

    assert send(pair.access).status_code == 200


@pytest.mark.parametrize("act", [by_admin_form, services.deactivate])
def test_the_sign_in_to_the_admin_ends_with_the_tokens(staff, client, act):
    client.force_login(staff)
    assert client.get("/admin/password_change/").status_code == 200

    act(staff)

    assert client.get("/admin/password_change/").status_code == 302
