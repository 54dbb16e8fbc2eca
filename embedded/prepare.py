"""Brings the database up to date before anything serves; one process, as each costs seconds.

`python -m embedded.prepare`, with the environment of the application.
"""

import hashlib
import os
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import django
import psycopg
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from embedded import gateway, state
from embedded.environment import MARK
from embedded.keys import STAFF
from embedded.refusal import say


class FirstRun:
    """What was done once for this database, so that a start cut short is completed by the next.

    It begins only where no account exists: a database that people use gets no demo data.
    """

    def __init__(self, folder: Path) -> None:
        place = connection.settings_dict
        name = "{HOST}:{PORT}/{NAME}".format(**place)
        self._path = folder / "first_run.json"
        self._key = hashlib.sha256(name.encode()).hexdigest()[:16]

    @property
    def _done(self) -> list[str]:
        return list(state.read_json(self._path).get(self._key, []))

    @property
    def is_due(self) -> bool:
        if "begun" in self._done:
            return True
        if get_user_model().objects.exists():
            return False
        self._mark("begun")
        return True

    def once(self, name: str, step: Callable[[], None]) -> None:
        if name not in self._done:
            step()
            self._mark(name)

    def _mark(self, name: str) -> None:
        marks = state.read_json(self._path)
        state.write_json(self._path, {**marks, self._key: [*self._done, name]})


def load_demo_data() -> None:
    say("Loading demo data …")
    call_command("populate")
    call_command("load_demo_knowledge")


def check_agent() -> None:
    """Say what of the assistant does not load; what only waits for a worker mends itself."""
    told = StringIO()
    try:
        call_command("check_agent", stdout=told)
    except CommandError as error:
        say(f"{told.getvalue()}{error}")


def make_staff_account() -> None:
    """The password is kept with the other keys, so a start that is cut short here loses nothing."""
    accounts = get_user_model().objects
    if not accounts.filter(email=STAFF).exists():
        call_command("createsuperuser", interactive=False, email=STAFF, verbosity=0)
    say(f"Staff account: {STAFF}, password: {os.environ['DJANGO_SUPERUSER_PASSWORD']}")


def _try_connection() -> None:
    """Not through the pool, which would say only that it waited too long."""
    parameters = connection.get_connection_params()
    parameters.pop("pool", None)
    psycopg.connect(**parameters).close()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        django.setup()
    except ImproperlyConfigured as error:
        sys.exit(f"Mutirão: {error}")
    say("Bringing the database up to date …")
    try:
        _try_connection()
        call_command("migrate", interactive=False, verbosity=0)
    except (psycopg.OperationalError, OperationalError) as error:
        sys.exit(f"Mutirão: the database of DATABASE_URL cannot be used: {error}")
    call_command("seed_schedules")
    call_command("seed_roles")
    if gateway.is_ours(os.environ):
        # It forgets all when it ends.
        call_command("connect_whatsapp", verbosity=0)
    first_run = FirstRun(Path(os.environ[MARK]))
    if first_run.is_due:
        first_run.once("demo", load_demo_data)
        first_run.once("staff", make_staff_account)
    check_agent()


if __name__ == "__main__":
    main()
