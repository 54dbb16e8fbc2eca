"""The product's workers and beat, on the database of the bench and the queue of the load tests."""

import contextlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.load import server, waiting

PATIENCE = 120
WORKER = ["worker", "-Q", "load", "-n", "load@%h", "--concurrency"]


@contextlib.contextmanager
def working(bench, *, processes=2):
    """From their first sign of life until the end; of the schedules only those of leads are on."""
    server.manage(bench.database_url, "seed_schedules")
    _leave_others_out()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        for name, command in {"worker": [*WORKER, str(processes)], "beat": ["beat"]}.items():
            stack.enter_context(_running(command, f"{folder}/{name}"))
        yield


def know(bench):
    """Fill the knowledge base with the demo's, once, and let it be read and embedded."""
    from leads.models import Document

    server.manage(bench.database_url, "load_demo_knowledge")
    unread = Document.objects.exclude(status=Document.Status.READY)
    if not unread.exists():
        return
    with working(bench):
        waiting.wait_until(
            lambda: not unread.exists(),
            seconds=PATIENCE,
            failure=f"Not all documents are read after {PATIENCE} s.",
            every=0.5,
        )


def _leave_others_out():
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    PeriodicTask.objects.exclude(task__startswith="leads.").update(enabled=False)
    PeriodicTasks.update_changed()


@contextlib.contextmanager
def _running(command, heartbeat):
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "config.celery", *command],
        cwd=server.ROOT,
        env=os.environ | {"HEARTBEAT_FILE": heartbeat},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    with server.ending(process):
        waiting.wait_until(
            lambda: Path(heartbeat).exists(),
            seconds=PATIENCE,
            failure=f"{command[0]} does not start.",
            process=process,
        )
        yield
