import pytest
import time_machine
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from tests.factories import UserFactory
from tests.users.answers import errors
from users import services, tasks
from users.models import TokenFamily

SESSIONS = "/api/v1/users/sessions/"


def test_sessions_are_listed_without_secrets_and_the_current_one_is_marked(user, sign_in, bearer):
    sign_in(user)
    here = bearer(sign_in(user))

    listed = here.get(SESSIONS).json()["results"]

    assert [session["is_current"] for session in listed] == [True, False]
    assert listed[0].keys() == {
        "id",
        "user_agent",
        "address",
        "created_at",
        "last_used_at",
        "expires_at",
        "is_current",
    }
    assert listed[0]["created_at"].endswith("Z")


def test_only_living_sessions_of_oneself_are_listed(user, sign_in, bearer, post):
    sign_in(UserFactory())
    post("token/logout/", refresh=sign_in(user).refresh)
    here = bearer(sign_in(user))

    assert len(here.get(SESSIONS).json()["results"]) == 1


def test_listing_takes_three_queries(user, sign_in, bearer, django_assert_num_queries):
    for _ in range(3):
        sign_in(user)
    here = bearer(sign_in(user))

    with django_assert_num_queries(3):  # who asks, how many, which
        here.get(SESSIONS)


def test_a_session_is_ended_from_another_device(user, sign_in, bearer, post):
    lost = sign_in(user)
    here = bearer(sign_in(user))
    session = here.get(SESSIONS).json()["results"][1]["id"]

    response = here.delete(f"{SESSIONS}{session}/")

    assert response.status_code == 204
    assert post("token/refresh/", refresh=lost.refresh).status_code == 401
    assert len(here.get(SESSIONS).json()["results"]) == 1


def test_the_session_of_another_person_does_not_exist(user, sign_in, bearer, post):
    other = sign_in(UserFactory())
    session = TokenFamily.objects.get()

    response = bearer(sign_in(user)).delete(f"{SESSIONS}{session.pk}/")

    assert response.status_code == 404
    assert post("token/refresh/", refresh=other.refresh).status_code == 200


def test_all_sessions_end_at_once(user, sign_in, bearer, post):
    pairs = [sign_in(user), sign_in(user)]
    other = sign_in(UserFactory())

    response = bearer(pairs[0]).delete(SESSIONS)

    assert response.status_code == 204
    for pair in pairs:
        assert bearer(pair).get(SESSIONS).status_code == 401
        assert post("token/refresh/", refresh=pair.refresh).status_code == 401
    assert bearer(other).get(SESSIONS).status_code == 200
    assert bearer(sign_in(user)).get(SESSIONS).json()["count"] == 1


def test_sessions_are_private(db, anonymous):
    assert anonymous.get(SESSIONS).status_code == 401
    assert anonymous.delete(SESSIONS).status_code == 401


def test_logout_ends_the_sign_in_and_may_be_repeated(user, sign_in, post):
    pair, other = sign_in(user), sign_in(user)

    first = post("token/logout/", refresh=pair.refresh)
    again = post("token/logout/", refresh=pair.refresh)

    assert [first.status_code, again.status_code] == [204, 204]
    assert post("token/refresh/", refresh=pair.refresh).status_code == 401
    assert post("token/refresh/", refresh=other.refresh).status_code == 200


def test_logout_with_a_replaced_token_ends_the_sign_in_too(user, sign_in, post):
    pair = sign_in(user)
    last = post("token/refresh/", refresh=pair.refresh).json()["refresh"]

    assert post("token/logout/", refresh=pair.refresh).status_code == 204

    assert post("token/refresh/", refresh=last).status_code == 401


def test_logout_with_an_expired_token_has_nothing_to_do(user, sign_in, post):
    with time_machine.travel("2020-01-01"):
        pair = sign_in(user)

    assert post("token/logout/", refresh=pair.refresh).status_code == 204


@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
def test_logout_needs_a_token_of_ours(db, post, token):
    response = post("token/logout/", refresh=token)

    assert response.status_code == 401
    assert errors(response) == [(None, "authentication_failed")]


def test_verify_accepts_what_would_be_accepted(user, sign_in, post):
    pair = sign_in(user)

    assert post("token/verify/", token=pair.access).status_code == 200
    assert post("token/verify/", token=pair.refresh).status_code == 200


def test_verify_refuses_a_replaced_and_a_revoked_token(user, sign_in, post):
    first = sign_in(user).refresh
    second = post("token/refresh/", refresh=first).json()["refresh"]

    assert post("token/verify/", token=first).status_code == 401
    assert post("token/verify/", token=second).status_code == 200

    post("token/logout/", refresh=second)
    assert post("token/verify/", token=second).status_code == 401


def test_verify_refuses_what_is_no_token(db, post):
    assert post("token/verify/", token="nonsense").status_code == 401
    assert errors(post("token/verify/")) == [("token", "required")]


def test_expired_sign_ins_and_tokens_are_deleted(user, sign_in):
    with time_machine.travel("2020-01-01"):
        sign_in(user)
    sign_in(user)

    tasks.delete_expired_tokens()

    assert TokenFamily.objects.count() == 1
    assert OutstandingToken.objects.count() == 1


def test_a_sign_in_that_began_before_a_new_password_does_not_count(user, sign_in, bearer):
    """The password was checked, then changed elsewhere, then the session began."""
    before = type(user).objects.get(pk=user.pk)
    user.set_password("another good password")
    user.save()

    pair = services.begin_session(before, services.Device("192.0.2.1", ""))

    assert bearer(pair).get(SESSIONS).status_code == 401
    assert not TokenFamily.objects.alive().exists()
