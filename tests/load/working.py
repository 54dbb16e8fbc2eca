"""The product's workers and beat, on the database of the bench and the queue of the load tests."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.load import server
from tests.load.client import Failed

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
        give_up_at = time.monotonic() + PATIENCE
        while unread.exists():
            if time.monotonic() > give_up_at:
                raise Failed(f"{unread.count()} documents are not read after {PATIENCE} s.")
            time.sleep(0.5)


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
        give_up_at = time.monotonic() + PATIENCE
        while not Path(heartbeat).exists():
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise Failed(f"{command[0]} does not start.")
            time.sleep(0.1)
        yield
