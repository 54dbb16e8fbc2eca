"""Waiting for something that starts: in bounded time, and with its own words when it does not."""

import time
from collections.abc import Callable
from pathlib import Path

from embedded.refusal import Refusal


def wait(
    is_ready: Callable[[], bool],
    *,
    name: str,
    log: Path,
    is_alive: Callable[[], bool],
    seconds: float = 60,
) -> None:
    """Return when it is ready; refuse when it takes too long or cannot become so any more."""
    deadline = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > deadline or not is_alive():
            raise Refusal(f"{name} did not come up; the end of {log}:\n{last_lines(log)}")
        time.sleep(0.1)


def last_lines(path: Path, count: int = 15) -> str:
    if not path.exists():
        return ""
    return "\n".join(path.read_text("utf-8", "replace").splitlines()[-count:])
