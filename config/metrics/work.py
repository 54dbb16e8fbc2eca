"""Counts tasks, and marks when each message was sent. Connected when Django is ready."""

import time
from typing import Any

from celery import signals

from config.metrics import pool
from config.metrics.counts import TASK_SECONDS, TASKS

# The header that holds when a message was sent, in seconds since 1970.
SENT_AT = "sent_at"


@signals.before_task_publish.connect
def mark(headers: dict[str, Any], **message: Any) -> None:
    """Say in the message since when it waits; a retry is a new message."""
    headers[SENT_AT] = time.time()


@signals.task_prerun.connect
def begin(task: Any, **run: Any) -> None:
    task.request.began = time.perf_counter()


@signals.task_postrun.connect
def end(task: Any, state: str | None, **run: Any) -> None:
    """Count the run by its outcome, as Celery names it: success, failure, retry, rejected, ignored.

    One that is ended from outside, as at its time limit, has none: it counts as killed.
    """
    TASKS.labels(task.name, state.lower() if state else "killed").inc()
    TASK_SECONDS.labels(task.name).observe(time.perf_counter() - task.request.began)
    pool.tell()
