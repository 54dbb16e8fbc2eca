from datetime import timedelta

import pytest
from django.db.models import F
from rest_framework.test import APIClient
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken

from tests.factories import UserFactory
from tests.together import run_together
from tests.users.answers import errors
from users import services
from users.models import TokenFamily

RACERS = 8


@pytest.fixture
def refresh(post):
    def send(pair):
        return post("token/refresh/", refresh=getattr(pair, "refresh", pair))

    return send


def later(**delta):
    """As if the last refresh was so long ago."""
    TokenFamily.objects.update(rotated_at=F("rotated_at") - timedelta(**delta))


def test_a_refresh_gives_a_new_pair_that_works(user, sign_in, refresh, client):
    first = sign_in(user)

    second = refresh(first)

    assert second.status_code == 200
    assert second.json()["refresh"] != first.refresh
    headers = {"Authorization": f"Bearer {second.json()['access']}"}
    assert client.get("/api/v1/users/profile/", headers=headers).status_code == 200
    assert refresh(second.json()["refresh"]).status_code == 200


def test_the_replaced_token_is_blacklisted_and_the_new_one_outstanding(user, sign_in, refresh):
    first = sign_in(user)

    second = refresh(first).json()["refresh"]

    assert BlacklistedToken.objects.filter(token__jti=RefreshToken(second)["jti"]).count() == 0
    assert OutstandingToken.objects.filter(jti=RefreshToken(second)["jti"]).count() == 1
    with pytest.raises(TokenError, match="blacklist"):
        RefreshToken(first.refresh)


def test_no_text_of_a_token_lies_in_the_database(user, sign_in, refresh):
    refresh(sign_in(user))

    assert set(OutstandingToken.objects.values_list("token", flat=True)) == {""}


def test_a_second_use_within_ten_seconds_is_refused_and_harms_nobody(user, sign_in, refresh):
    first = sign_in(user)
    second = refresh(first).json()["refresh"]
    later(seconds=9)

    again = refresh(first)

    assert again.status_code == 401
    assert errors(again) == [(None, "authentication_failed")]
    assert refresh(second).status_code == 200


def test_a_later_second_use_ends_the_sign_in(user, sign_in, refresh):
    first = sign_in(user)
    second = refresh(first).json()["refresh"]
    later(seconds=11)

    assert refresh(first).status_code == 401

    assert refresh(second).status_code == 401
    assert not TokenFamily.objects.alive().exists()


def test_an_older_token_ends_the_sign_in_at_once(user, sign_in, refresh):
    first = sign_in(user)
    second = refresh(first).json()["refresh"]
    third = refresh(second).json()["refresh"]

    assert refresh(first).status_code == 401

    assert refresh(third).status_code == 401


def test_a_second_use_leaves_the_other_sign_ins_alone(user, sign_in, refresh):
    stolen, other = sign_in(user), sign_in(user)
    refresh(stolen)
    later(seconds=11)

    refresh(stolen)

    assert refresh(other).status_code == 200


def test_a_token_that_staff_blacklisted_is_refused(user, sign_in, refresh):
    pair = sign_in(user)
    RefreshToken(pair.refresh).blacklist()

    assert refresh(pair).status_code == 401


def test_a_closed_account_gets_no_new_tokens(user, sign_in, refresh):
    pair = sign_in(user)
    services.deactivate(user)

    assert refresh(pair).status_code == 401

    services.reactivate(user)
    assert refresh(pair).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "refresh"),
        ({"refresh": None}, "refresh"),
        ({"refresh": 7}, None),
        ({"refresh": "no token"}, None),
        ({"refresh": "a\0b"}, "refresh"),
        ({"refresh": "a" * 10_000}, "refresh"),
    ],
)
def test_bad_input_is_refused(db, post, body, field):
    response = post("token/refresh/", **body)

    assert response.status_code == (400 if field else 401)
    assert {attr for attr, _ in errors(response)} == {field}


def test_an_access_token_is_no_refresh_token(user, sign_in, refresh):
    assert refresh(sign_in(user).access).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_refreshes_of_one_token_exactly_one_wins(sign_in):
    pair = sign_in(UserFactory())
    answers = []

    def race():
        body = {"refresh": pair.refresh}
        answers.append(APIClient().post("/api/v1/token/refresh/", body))

    run_together(*[race] * RACERS)

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * (RACERS - 1)
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert services.refresh_session(winner.json()["refresh"])
