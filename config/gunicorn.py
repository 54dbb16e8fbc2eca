"""How gunicorn serves, in every place: from the environment, the rest by GUNICORN_CMD_ARGS."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from config import environment, logs, serving

bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or min(2, os.cpu_count() or 1))
worker_class = "config.worker.Worker"
# Nobody is let in before there is an application: they would wait for as long as it takes to load.
preload_app = True
threads = 4
timeout = 30
graceful_timeout = 20
# Longer than a proxy keeps idle connections, so that it never writes into a closing one.
keepalive = 75
# A worker's sign of life must not wait for a disk.
_memory = Path("/dev/shm")  # noqa: S108
worker_tmp_dir = str(_memory) if _memory.is_dir() else None
# A socket in the home folder, which all instances of a user would share.
control_socket_disable = True
# Where uploads lie meanwhile: found while there is room to try it, and known from then on.
with suppress(FileNotFoundError):
    tempfile.gettempdir()
logconfig_dict = logs.configure(
    os.environ,
    os.environ.get("LOG_LEVEL") or "INFO",
    on_console=os.environ.get("DEBUG", "").lower() in environment.YES,
)


def post_worker_init(worker: Any) -> None:
    """Streams ask whether their process is to end: gunicorn would wait for them in vain."""
    serving.by(worker)
