"""The Celery application; its settings are the CELERY_ names in config.settings."""

import logging.config
import os
from typing import Any

from celery import Celery, signals
from django.conf import settings
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("mutirao", task_cls="config.nudge:Nudge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


@signals.setup_logging.connect
def use_our_logging(**options: Any) -> None:
    """Keep Celery from setting up its own: workers and beat write the same lines as the web."""
    logging.config.dictConfig(settings.LOGGING)
