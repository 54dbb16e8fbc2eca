"""Our Celery application with tasks that die: `celery -A tests.config.doomed worker`.

What ran stands in lists of the broker; effects are rows, since a task may run twice.
"""

import os
import signal
import time
from datetime import UTC, datetime

import redis
from celery import shared_task
from django.apps import apps
from django.conf import settings

from config import heartbeat
from config.celery import app

# Seconds instead of a minute, so that the death of a worker is noticed within a test.
app.conf.broker_transport_options = {
    **app.conf.broker_transport_options,
    "visibility_timeout": int(os.environ.get("VISIBILITY", "60")),
}
heartbeat.EVERY = 0.2
EPOCH = datetime.fromtimestamp(0, UTC)


def broker():
    return redis.Redis.from_url(settings.CELERY_BROKER_URL)


def note(number):
    rows = apps.get_model("config.PeriodicRun").objects
    rows.get_or_create(name=f"effect {number}", slot=EPOCH)


@shared_task
def work(number):
    """Has its effect."""
    note(number)


@shared_task
def stay(number):
    """Holds its first process until somebody kills it; in another it has its effect."""
    with broker() as client:
        if client.rpush("stay", os.getpid()) == 1:
            time.sleep(40)
    note(number)


@shared_task
def poison():
    """Kills its process each time."""
    with broker() as client:
        client.rpush("poison", os.getpid())
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(autoretry_for=(OSError,), retry_backoff=False, default_retry_delay=0, max_retries=1)
def fail(phone):
    """Fails, and fails again."""
    raise OSError(f"no answer from {phone}")


@shared_task(soft_time_limit=1, time_limit=2)
def hang():
    """Takes no notice of the soft time limit, and runs into the hard one."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            time.sleep(20)
        except Exception:  # noqa: S112
            continue
