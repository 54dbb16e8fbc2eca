"""The product's settings; only the routes also lead to the references that it is compared with."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.load.urls"
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
# Tasks go where no worker takes them: they are about rows of a database that will be dropped.
CELERY_TASK_DEFAULT_QUEUE = "load"
CELERY_TASK_ROUTES = {}
# Of the gateway that tests/load/gateway.py plays.
WEBHOOK_SECRETS = ["a secret of the load tests only, and of nobody else"]
