"""A hash of an older kind is replaced at sign-in: that ends no token, and hides no new password."""

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from tests.factories import PASSWORD, UserFactory
from users.models import User

ME = "/api/v1/users/profile/"
NEW = "another good password"


def imported(**fields):
    """Someone whose hash another system made, in few rounds."""
    hasher = PBKDF2PasswordHasher()
    hasher.iterations = 1000
    user = UserFactory(**fields)
    User.objects.filter(pk=user.pk).update(password=hasher.encode(PASSWORD, hasher.salt()))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def still_works(sign_in, bearer):
    """Begin a session; ask later whether its access token still works."""

    def begin(user):
        client = bearer(sign_in(user))
        return lambda: client.get(ME).status_code == 200

    return begin


def test_a_new_password_on_the_same_object_ends_the_tokens(db, still_works):
    user = imported()
    is_signed_in = still_works(user)

    assert user.check_password(PASSWORD)
    assert is_signed_in()
    user.set_password(NEW)
    user.save()

    assert not is_signed_in()


def test_a_new_password_in_the_admin_ends_the_tokens(db, client, still_works):
    staff = imported(is_staff=True)
    is_signed_in = still_works(staff)
    client.force_login(staff)
    passwords = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}

    response = client.post("/admin/password_change/", passwords, follow=True)

    assert response.redirect_chain == [("/admin/password_change/done/", 302)]
    assert not is_signed_in()


def test_a_new_password_on_a_row_that_was_read_before_ends_the_tokens(db, still_works):
    user = imported()
    is_signed_in = still_works(user)
    stale = User.objects.get(pk=user.pk)

    assert user.check_password(PASSWORD)
    stale.set_password(NEW)
    stale.save()

    assert not is_signed_in()


def test_a_row_that_was_read_before_does_not_take_the_stamp_back(db, still_works):
    user = imported()
    stale = User.objects.get(pk=user.pk)
    assert user.check_password(PASSWORD)

    stale.save()
    stale.save(update_fields=["password_rehashed_at"])

    user.refresh_from_db()
    assert user.password_rehashed_at
