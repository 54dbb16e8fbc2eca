import subprocess
import sys

from django.core.checks import run_checks

WITHOUT_BLACKLIST = """
import django
from django.conf import settings
from django.core.management import call_command

settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if "blacklist" not in app]
django.setup()
call_command("check")
"""


def test_nothing_is_wrong_by_default():
    assert not [found for found in run_checks() if found.id == "users.E001"]


def test_start_up_fails_without_the_blacklist():
    started = subprocess.run(
        [sys.executable, "-c", WITHOUT_BLACKLIST], capture_output=True, text=True, check=False
    )

    assert started.returncode == 1
    assert "users.E001" in started.stderr
