"""The Celery application; its settings are the CELERY_ names in config.settings."""

import gc
import logging.config
import os
from typing import Any

import structlog
from celery import Celery, bootsteps, signals
from django.conf import settings
from django.dispatch import receiver
from django_structlog.celery.signals import bind_extra_task_metadata
from django_structlog.celery.steps import DjangoStructLogInitStep

from config import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("mutirao", task_cls="config.nudge:Nudge")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(DjangoStructLogInitStep)


class Heartbeat(bootsteps.StartStopStep):
    """A worker's signs of life: while it is connected to its broker and its event loop turns."""

    # The last step to start; without the broker none is started, and all are stopped.
    requires = ("celery.worker.consumer.tasks:Tasks",)
    signs: Any = None

    def start(self, parent: Any) -> None:
        heartbeat.touch("worker")
        self.signs = parent.timer.call_repeatedly(heartbeat.EVERY, heartbeat.touch, ("worker",))

    def stop(self, parent: Any) -> None:
        if self.signs:
            self.signs.cancel()


app.steps["consumer"].add(Heartbeat)


@signals.setup_logging.connect
def use_our_logging(**options: Any) -> None:
    """Keep Celery from setting up its own: workers and beat write the same lines as the web."""
    logging.config.dictConfig(settings.LOGGING)


@receiver(bind_extra_task_metadata)
def name_the_task(task: Any, **context: Any) -> None:
    """Each line of a task says which it is, so the one at its end is enough."""
    structlog.contextvars.bind_contextvars(task=task.name)


@signals.worker_before_create_process.connect
def keep_the_modules_out_of_collections(**process: Any) -> None:
    """A child collects garbage as it starts: three times quicker without what all share."""
    gc.freeze()
