"""Fixtures that all tests share. `make test` brings up the servers they need."""

import os
from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.cache import cache
from django.core.management import call_command
from django.test import TransactionTestCase
from django.utils import translation
from rest_framework.test import APIClient

from config.resilience import breakers
from embedded import catalogues
from tests.emptying import empty_what_was_filled
from tests.factories import UserFactory


def pytest_configure():
    catalogues.compile_all()
    TransactionTestCase._fixture_teardown = empty_what_was_filled


def pytest_sessionfinish(session):
    """Where all that tests need was installed, a test that is skipped proves nothing."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and reporter.stats.get("skipped") and os.environ.get("NOTHING_SKIPPED"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _empty_cache():
    for breaker in breakers._all.values():
        breaker.reset()
    cache.clear()


@pytest.fixture(autouse=True)
def _own_language():
    """A request leaves its language to whatever the thread does next."""
    yield
    translation.deactivate()


@pytest.fixture
def user(db):
    return UserFactory()


@pytest.fixture
def seeded(db):
    """The roles, each with what it may."""
    call_command("seed_roles", stdout=StringIO())


@pytest.fixture
def client_in(client, seeded):
    """Make a client of the admin that acts as somebody with this role."""

    def make(role):
        staff = UserFactory(is_staff=True)
        staff.groups.add(Group.objects.get(name=role))
        client.force_login(staff)
        return client

    return make


@pytest.fixture
def staff(db):
    """Staff who may run any event."""
    staff = UserFactory(is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename="change_event"))
    return staff


@pytest.fixture
def anonymous():
    return APIClient()


@pytest.fixture
def client_of():
    """Make a client of the API that acts as the given user."""

    def make(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def api(user, client_of):
    """A client of the API that acts as `user`."""
    return client_of(user)


@pytest.fixture
def disk(settings, tmp_path):
    """The folder of stored files, as `make run` has one."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    local = {"BACKEND": "config.storage.LocalStorage"}
    settings.STORAGES = {**settings.STORAGES, "default": local}
    return tmp_path / "media"
