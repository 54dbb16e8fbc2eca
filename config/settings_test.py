"""The settings of tests: the same, but faster; each test process has its own Redis databases."""

import os

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
for name in ("REDIS_URL", "BROKER_URL"):
    if name not in os.environ:
        raise SystemExit("Start the tests with `make test`: it brings up Postgres and Valkey.")
    server, database = os.environ[name].rsplit("/", 1)
    os.environ[name] = f"{server}/{int(database) + 2 * WORKER}"

from config.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]  # noqa: F405
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["default"] = {"BACKEND": "tests.storage.MemoryStorage"}  # noqa: F405
METRICS_FOLDER = None  # or each would count what the others do
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
# Enough connections for the threads of a race: with two they would queue up, not race.
DATABASES["default"]["OPTIONS"]["pool"]["max_size"] = 12  # noqa: F405
# Or each client of a test would read where all static files are.
WHITENOISE_AUTOREFRESH = True
# A burst is over at once: tasks run as they are sent, and none is sent for later.
BURST_SILENCE = BURST_SILENCE * 0  # noqa: F405
