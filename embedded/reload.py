"""Restarts a command when the code changes: `python -m embedded.reload celery -A config worker`.

Django's reloader runs its program in a thread, where Celery cannot handle signals.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from embedded import state, tether

EVERY = 1.0
WATCHED = {".py", ".html", ".txt", ".po"}
# Less than the manager's patience: it would kill us before we could kill the child.
PATIENCE = 3.0


def sources(root: Path = state.ROOT) -> Iterator[Path]:
    """The project's code and templates, but nothing in hidden folders such as `.run`."""
    yield from root.glob("*.py")
    for folder in root.iterdir():
        if folder.is_dir() and not folder.name.startswith("."):
            yield from (path for path in folder.rglob("*") if path.suffix in WATCHED)


def snapshot(root: Path = state.ROOT) -> dict[Path, float]:
    """When each file was changed; one that vanishes meanwhile is left out."""
    moments = {}
    for path in sources(root):
        try:
            moments[path] = path.stat().st_mtime
        except FileNotFoundError:
            continue
    return moments


def end(child: subprocess.Popen[bytes]) -> None:
    """Warm at first: a task in progress may finish."""
    child.terminate()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def keep_running(command: list[str]) -> None:
    """Run it anew after each change; broken code that ended by itself waits for the next one."""
    while True:
        seen = snapshot()
        child = subprocess.Popen([*tether.to_parent(), *command])
        try:
            while snapshot() == seen:
                time.sleep(EVERY)
            print("The code changed: restarting.", flush=True)
        finally:
            end(child)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, _leave)
    keep_running([sys.executable, "-m", *sys.argv[1:]])
