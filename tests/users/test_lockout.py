from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from rest_framework.test import APIClient

from config import limits
from tests.factories import PASSWORD, UserFactory
from tests.together import run_together
from tests.users.answers import errors
from tests.users.conftest import HERE
from users import mail_tokens, services
from users.mail_tokens import Purpose
from users.models import LoginAttempt

LIMIT = 5


@pytest.fixture
def send(anonymous, django_capture_on_commit_callbacks):
    def post(path, body, address="192.0.2.1"):
        with django_capture_on_commit_callbacks(execute=True):
            return anonymous.post(f"/api/v1/{path}/", body, REMOTE_ADDR=address)

    return post


@pytest.fixture
def guess(send):
    def with_password(user, password="a wrong guess", **place):
        return send("token", {"email": getattr(user, "email", user), "password": password}, **place)

    return with_password


@pytest.fixture(params=["with Redis", "without Redis"])
def counting(request, monkeypatch):
    """The lock-out holds the same with and without Redis."""

    def away(*args):
        raise limits.LimitsUnavailable

    if request.param == "without Redis":
        monkeypatch.setattr(limits, "hit_strictly", away)
    return request.param


def statuses(answers):
    return [answer.status_code for answer in answers]


@pytest.mark.usefixtures("counting")
def test_after_five_wrong_guesses_even_the_right_password_must_wait(user, guess):
    wrong = [guess(user) for _ in range(LIMIT)]

    right = guess(user, PASSWORD)

    assert statuses(wrong) == [401] * LIMIT
    assert right.status_code == 429
    assert errors(right) == [(None, "throttled")]
    assert 0 < int(right["Retry-After"]) <= 15 * 60


@pytest.mark.usefixtures("counting")
def test_a_stranger_elsewhere_does_not_lock_the_owner_out(user, guess):
    for _ in range(LIMIT + 1):
        guess(user, address="198.51.100.7")

    assert guess(user, PASSWORD).status_code == 200


@pytest.mark.usefixtures("counting")
def test_other_accounts_of_the_address_are_not_locked(user, guess):
    for _ in range(LIMIT + 1):
        guess("nobody@example.org")

    assert guess(user, PASSWORD).status_code == 200


@pytest.mark.usefixtures("counting")
def test_the_right_password_forgets_the_wrong_ones(user, guess):
    for _ in range(LIMIT - 1):
        guess(user)
    guess(user, PASSWORD)

    again = [guess(user) for _ in range(LIMIT)]

    assert statuses(again) == [401] * LIMIT
    assert guess(user).status_code == 429


def test_a_success_that_is_not_committed_forgets_nothing(user, guess):
    for _ in range(LIMIT):
        guess(user)

    with suppress(ZeroDivisionError), transaction.atomic():
        services.sign_in_by_link(mail_tokens.make(Purpose.SIGN_IN, user), HERE)
        raise ZeroDivisionError

    assert guess(user).status_code == 429


def test_unknown_addresses_are_locked_like_known_ones(db, guess):
    answers = [guess("nobody@example.org") for _ in range(LIMIT + 1)]

    assert statuses(answers) == [401] * LIMIT + [429]


def test_spelling_the_address_otherwise_gives_no_more_guesses(user, guess):
    spellings = [user.email, user.email.upper(), f" {user.email} "] * 2

    assert statuses(guess(spelling) for spelling in spellings) == [401] * LIMIT + [429]


def test_without_redis_the_lock_opens_after_fifteen_minutes(user, guess, monkeypatch):
    monkeypatch.setattr(limits, "hit_strictly", limits_are_away)
    for _ in range(LIMIT + 3):
        guess(user)
    LoginAttempt.objects.update(attempted_at=F("attempted_at") - timedelta(minutes=15))

    assert guess(user, PASSWORD).status_code == 200


def limits_are_away(*args):
    raise limits.LimitsUnavailable


def test_without_redis_the_wait_ends_when_the_oldest_failure_is_old(user, guess, monkeypatch):
    monkeypatch.setattr(limits, "hit_strictly", limits_are_away)
    guess(user)
    LoginAttempt.objects.update(attempted_at=F("attempted_at") - timedelta(minutes=10))
    for _ in range(LIMIT - 1):
        guess(user)

    assert int(guess(user)["Retry-After"]) in range(4 * 60, 5 * 60 + 1)


def test_every_attempt_is_kept(user, guess):
    guess(user, PASSWORD)
    for _ in range(LIMIT + 1):
        guess(user)

    kept = LoginAttempt.objects.order_by("pk").values_list("succeeded", "refused")

    assert list(kept) == [(True, False)] + [(False, False)] * LIMIT + [(False, True)]
    attempt = LoginAttempt.objects.first()
    assert (attempt.account, attempt.address) == (user.email, "192.0.2.1")


def test_every_attempt_is_logged_without_the_address_of_its_account(user, guess, caplog):
    caplog.set_level("INFO")

    guess(user)

    attempt = LoginAttempt.objects.get()
    assert f"Login attempt {attempt.pk}: " in caplog.text
    assert user.email not in caplog.text


def test_the_lock_can_be_switched_off(user, guess, settings):
    settings.RATE_LIMITS_ENABLED = False

    answers = [guess(user) for _ in range(LIMIT + 1)]

    assert statuses(answers) == [401] * (LIMIT + 1)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_guesses_do_not_get_past_the_limit(counting):
    user = UserFactory()
    answers = []

    def race():
        body = {"email": user.email, "password": "a wrong guess"}
        answers.append(APIClient().post("/api/v1/token/", body))

    run_together(*[race] * 10)

    wrong = statuses(answers).count(401)
    assert statuses(answers).count(429) == 10 - wrong
    # Of simultaneous rows each counts the others, so that none may be let through.
    assert wrong == LIMIT if counting == "with Redis" else wrong <= LIMIT


@pytest.mark.usefixtures("counting")
def test_guessing_the_password_with_a_stolen_token_is_limited_too(user, sign_in, bearer):
    thief = bearer(sign_in(user))
    body = {"current_password": "a wrong guess", "new_password": "another good password"}

    answers = [thief.post("/api/v1/users/password/change/", body) for _ in range(LIMIT + 1)]

    assert statuses(answers) == [400] * LIMIT + [429]


@pytest.mark.usefixtures("counting")
def test_guesses_that_carry_an_idempotency_key_are_kept_and_limited(user, client_of):
    body = {"email": "new@example.org", "current_password": "a wrong guess"}

    answers = [
        client_of(user).post(
            "/api/v1/users/email/change/", body, headers={"Idempotency-Key": str(number)}
        )
        for number in range(LIMIT + 1)
    ]

    assert statuses(answers) == [400] * LIMIT + [429]
    assert LoginAttempt.objects.filter(succeeded=False).count() == LIMIT + 1


@pytest.mark.usefixtures("counting")
@pytest.mark.parametrize("purpose", [Purpose.SIGN_IN, Purpose.RESET_PASSWORD])
def test_who_proves_by_mail_who_they_are_need_not_wait(user, guess, send, purpose):
    for _ in range(LIMIT + 1):
        guess(user)
    token = mail_tokens.make(purpose, user)
    path = "token/magic/verify" if purpose == Purpose.SIGN_IN else "users/password/reset"

    send(path, {"token": token, "new_password": PASSWORD})

    assert guess(user, PASSWORD).status_code == 200
