"""What a new version needs before it serves: `python -m compose.prepare`, once for each start.

The schema waits at most two seconds for a lock, so that it never holds up readers for longer, and
is tried again; the migrations are compatible with the code that still runs.
"""

import os
import shutil
import time
from importlib import import_module

from django.conf import settings
from django.core.files.storage import storages
from django.core.management import call_command
from django.db import OperationalError, connection
from psycopg.errors import LockNotAvailable

from compose.start import log

STATIC = "/srv/static"
TRIES = 30


def migrate() -> None:
    for attempt in range(1, TRIES + 1):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '2s'")
            call_command("migrate", interactive=False, verbosity=1)
        except OperationalError as error:
            if attempt == TRIES or not isinstance(error.__cause__, LockNotAvailable):
                raise
            log("warning", "migrate_waits", error="lock_timeout", attempt=attempt)
            connection.close()
            time.sleep(1)
        else:
            return


def put(source: str, target: str) -> None:
    """Copy beside and rename, so that whoever reads gets the old file or the new one."""
    draft = f"{target}.draft"
    shutil.copy2(source, draft)
    os.replace(draft, target)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    # Sets up Django. A version that does not load ends here, before a replica of it listens.
    import_module("config.wsgi")
    migrate()
    call_command("seed_schedules")
    call_command("seed_roles")
    call_command("check_agent")  # what cannot answer is not brought out
    if settings.S3_ENDPOINT_URL:
        storages["default"].make_bucket()  # type: ignore[attr-defined]
    # Old files stay: pages that were sent before may still ask for them.
    shutil.copytree("static", STATIC, dirs_exist_ok=True, copy_function=put)


if __name__ == "__main__":
    main()
