import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError


@pytest.fixture
def without_blacklist(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if "blacklist" not in app]


def test_nothing_is_wrong_by_default():
    assert not [found for found in run_checks() if found.id == "users.E001"]


@pytest.mark.usefixtures("without_blacklist")
def test_start_up_fails_without_the_blacklist():
    with pytest.raises(SystemCheckError, match="token_blacklist"):
        call_command("check")
