import pytest
from django.contrib.auth import hashers
from django.utils import timezone

from tests.factories import PASSWORD, UserFactory
from tests.users.answers import errors
from users import services
from users.models import LoginAttempt, TokenFamily, User


def test_the_right_password_gives_a_pair_of_tokens(user, login, bearer, client):
    response = login(user)

    assert response.status_code == 200
    assert response.json().keys() == {"access", "refresh"}
    access = response.json()["access"]
    profile = client.get("/api/v1/users/profile/", headers={"Authorization": f"Bearer {access}"})
    assert profile.json()["email"] == user.email


@pytest.mark.parametrize("path", ["/api/v1/token/", "/api/v1/token", "/api/token/", "/api/token"])
def test_all_spellings_of_the_path_work(user, anonymous, path):
    response = anonymous.post(path, {"email": user.email, "password": PASSWORD})

    assert response.status_code == 200


def test_the_address_may_be_typed_in_any_case(user, post):
    response = post("token/", email=f"  {user.email.upper()} ", password=PASSWORD)

    assert response.status_code == 200


def test_a_sign_in_is_remembered(user, anonymous):
    before = timezone.now()

    anonymous.post(
        "/api/v1/token/",
        {"email": user.email, "password": PASSWORD},
        headers={"User-Agent": "Firefox " * 100},
    )

    family = TokenFamily.objects.get(user=user)
    assert family.address == "127.0.0.1"
    assert family.user_agent == ("Firefox " * 100)[:200]
    user.refresh_from_db()
    assert user.last_login >= before


def test_tokens_are_not_kept_by_caches(user, login):
    assert "no-store" in login(user)["Cache-Control"]


@pytest.mark.parametrize(
    ("change", "password"),
    [
        ({}, "another password"),
        ({"email": "nobody@example.org"}, PASSWORD),
        ({"is_active": False}, PASSWORD),
    ],
    ids=["wrong password", "unknown address", "closed account"],
)
def test_all_reasons_to_refuse_look_the_same(user, login, change, password):
    if "is_active" in change:
        services.deactivate(user)
    for name, value in change.items():
        setattr(user, name, value)

    response = login(user, password)

    assert response.status_code == 401
    assert errors(response) == [(None, "authentication_failed")]
    assert response.json()["errors"][0]["detail"] == "E-mail ou senha incorretos."


@pytest.mark.parametrize("email", ["nobody@example.org", None], ids=["unknown", "known"])
def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_password(
    user, login, monkeypatch, email
):
    hashed = []
    encode = hashers.MD5PasswordHasher.encode
    monkeypatch.setattr(
        hashers.MD5PasswordHasher,
        "encode",
        lambda *given: hashed.append(given) or encode(*given),
    )
    user.email = email or user.email

    login(user, "another password")

    assert len(hashed) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": PASSWORD}, "email"),
        ({"email": "ana@example.org"}, "password"),
        ({"email": "no address", "password": PASSWORD}, "email"),
        ({"email": "ana\0@example.org", "password": PASSWORD}, "email"),
        ({"email": '"\x01"@example.org', "password": PASSWORD}, "email"),
        ({"email": f"{'a' * 250}@example.org", "password": PASSWORD}, "email"),
        ({"email": ["ana@example.org"], "password": PASSWORD}, "email"),
        ({"email": "ana@example.org", "password": {"a": 1}}, "password"),
        ({"email": "ana@example.org", "password": "a\0b"}, "password"),
        ({"email": "ana@example.org", "password": "a" * 10_000}, "password"),
        ({"email": "ana@example.org", "password": None}, "password"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(db, post, body, field):
    response = post("token/", **body)

    assert response.status_code == 400
    assert {attr for attr, _ in errors(response)} == {field}
    assert not LoginAttempt.objects.exists()


@pytest.mark.parametrize("body", [b"", b"[]", b'"text"', b"null", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_refused(db, anonymous, body):
    response = anonymous.post("/api/v1/token/", data=body, content_type="application/json")

    assert response.status_code == 400


def test_a_stale_token_in_the_header_does_not_matter(user, anonymous):
    response = anonymous.post(
        "/api/v1/token/",
        {"email": user.email, "password": PASSWORD},
        headers={"Authorization": "Bearer stale"},
    )

    assert response.status_code == 200


def test_an_account_that_is_not_confirmed_may_sign_in(db, login):
    user = UserFactory(email_confirmed_at=None)

    assert login(user).status_code == 200


def imported(hasher):
    """A hash as another system may have made it, in few rounds."""
    hasher.rounds, hasher.iterations = 4, 1000
    return hasher.encode(PASSWORD, hasher.salt())


@pytest.mark.parametrize(
    "hasher",
    [
        hashers.BCryptSHA256PasswordHasher(),
        hashers.BCryptPasswordHasher(),
        hashers.PBKDF2PasswordHasher(),
    ],
    ids=lambda hasher: hasher.algorithm,
)
def test_an_imported_hash_is_upgraded_and_no_session_ends(
    user, login, sign_in, bearer, settings, hasher
):
    settings.PASSWORD_HASHERS = [name for name in settings.PASSWORD_HASHERS if "MD5" not in name]
    User.objects.filter(pk=user.pk).update(password=imported(hasher))
    other = bearer(sign_in(user))

    response = login(user)

    assert response.status_code == 200
    user.refresh_from_db()
    assert user.password.startswith("argon2$argon2id$")
    assert other.get("/api/v1/users/profile/").status_code == 200
    assert login(user).status_code == 200


def test_an_upgrade_does_not_bring_an_old_password_back(user):
    stale = User.objects.get(pk=user.pk)
    stale.password = imported(hashers.PBKDF2PasswordHasher())
    user.set_password("changed in the meantime")
    user.save()

    assert stale.check_password(PASSWORD)

    user.refresh_from_db()
    assert user.check_password("changed in the meantime")
