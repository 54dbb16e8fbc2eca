import pytest

from config import limits
from tests.factories import PASSWORD, UserFactory
from users.models import LoginAttempt

LOGIN = "/admin/login/"


@pytest.fixture
def boss(db):
    return UserFactory(is_staff=True, email="chefe@example.org")


def sign_in(client, password=PASSWORD, username="Chefe@example.org"):
    return client.post(LOGIN, {"username": username, "password": password})


def test_address_in_any_case_signs_in(client, boss):
    response = sign_in(client)

    assert response.status_code == 302
    assert LoginAttempt.objects.get().succeeded


def test_guessing_is_limited_and_on_record(client, boss):
    for _attempt in range(5):
        sign_in(client, "errada")

    response = sign_in(client)

    assert "Muitas tentativas" in response.text
    assert LoginAttempt.objects.filter(refused=True).count() == 1
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(("seconds", "told"), [(1, "em 1 minuto."), (900, "em 15 minutos.")])
def test_who_must_wait_is_told_how_long(client, boss, monkeypatch, seconds, told):
    monkeypatch.setattr(limits, "hit_strictly", lambda *given: seconds)

    assert told in sign_in(client).text


@pytest.mark.parametrize(
    "username",
    [PASSWORD, "chefe", "İ" * 254, f"{'İ' * 200}@example.org", '"a b"@example.org', "a@b\n@c.org"],
)
def test_what_is_no_address_is_refused_on_record_and_kept_nowhere(client, boss, username):
    response = sign_in(client, username=username)

    assert response.status_code == 200
    [refusal] = response.context["form"].non_field_errors()
    assert "tentativas" not in refusal
    attempt = LoginAttempt.objects.get()
    assert (attempt.account, attempt.succeeded) == ("", False)


def test_address_after_words_that_are_none_signs_in(client, boss):
    for _attempt in range(6):
        sign_in(client, username="chefe")

    assert sign_in(client).status_code == 302


def test_who_is_not_staff_stays_outside(client, db):
    UserFactory(email="chefe@example.org")

    assert sign_in(client).status_code == 200
    assert "_auth_user_id" not in client.session


def test_attempts_are_only_shown(admin_client):
    attempt = LoginAttempt.objects.create(account="a@example.org", address="127.0.0.1")

    assert "a@example.org" in admin_client.get("/admin/users/loginattempt/").text
    page = f"/admin/users/loginattempt/{attempt.pk}"
    assert admin_client.get(f"{page}/change/").status_code == 200
    assert admin_client.post(f"{page}/change/", {}).status_code == 403
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
