"""Fixtures of accounts."""

import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from tests.factories import PASSWORD
from tests.users.copies import stored_copies
from users import services
from users.models import User

API = "/api/v1"
HERE = services.Device(address="192.0.2.1", user_agent="Tests")


@pytest.fixture
def post(anonymous):
    """Send JSON to a path of the API without a token."""

    def send(path, **body):
        return anonymous.post(f"{API}/{path}", body)

    return send


@pytest.fixture
def sign_in():
    """Begin a session of a person."""

    def begin(user):
        return services.begin_session(User.objects.get(pk=user.pk), HERE)

    return begin


@pytest.fixture
def bearer():
    """Make a client that sends an access token."""

    def make(pair):
        return APIClient(headers={"Authorization": f"Bearer {pair.access}"})

    return make


@pytest.fixture
def login(post):
    def send(user, password=PASSWORD):
        return post("token/", email=user.email, password=password)

    return send


@pytest.fixture
def no_copies():
    """Storage is shared by the tests of a process."""
    for name in stored_copies():
        default_storage.delete(name)
