"""Whether this process is asked to end: long streams then end, and go on elsewhere.

Set by config/gunicorn.py, which runs before Django is there.
"""

from typing import Any

_worker: Any = None


def by(worker: Any) -> None:
    """Remember gunicorn's worker, which knows."""
    global _worker
    _worker = worker


def is_ending() -> bool:
    return _worker is not None and not _worker.alive
