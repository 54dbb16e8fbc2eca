"""Finds and ends what an earlier start left running, and only that."""

import contextlib
import os
import signal
import time
from pathlib import Path

from embedded.environment import MARK

PROCESSES = Path("/proc")


def of(folder: Path, data: Path) -> list[int]:
    """The processes that work for the folder, whoever is their parent now.

    Known by the mark in their environment. PostgreSQL writes over its own, so it is
    known by its program and by the data folder in which it works.
    """
    mark = f"{MARK}={folder}".encode()
    found = []
    for entry in PROCESSES.glob("[0-9]*"):
        try:
            marked = mark in (entry / "environ").read_bytes().split(b"\0")
            if marked or _is_postgres_in(entry, data):
                found.append(int(entry.name))
        except OSError:  # it ended meanwhile, or is another user's
            continue
    return [pid for pid in found if pid != os.getpid()]


def _is_postgres_in(entry: Path, data: Path) -> bool:
    program = os.readlink(entry / "exe")
    return os.path.basename(program) == "postgres" and os.readlink(entry / "cwd") == str(data)


def end(folder: Path, data: Path, *, patience: float) -> int:
    """End them all and return how many there were: politely, then, out of patience, by force."""
    found = of(folder, data)
    deadline = time.monotonic() + patience
    for pid in _without_children(found):
        _send(pid, _polite_signal(pid))
    while (left := of(folder, data)) and time.monotonic() < deadline:
        time.sleep(0.1)
    while left:
        for pid in left:
            _send(pid, signal.SIGKILL)
        time.sleep(0.05)
        left = of(folder, data)
    return len(found)


def _without_children(pids: list[int]) -> list[int]:
    """Those whose parent is not among them: a parent ends its children in the right order."""
    return [pid for pid in pids if _parent(pid) not in pids]


def _parent(pid: int) -> int:
    try:
        # "7 (name, which may hold blanks) S parent …"
        return int((PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _polite_signal(pid: int) -> signal.Signals:
    """SIGTERM; for PostgreSQL SIGINT, as with SIGTERM it would wait for its clients."""
    try:
        program = os.readlink(PROCESSES / str(pid) / "exe")
    except OSError:
        return signal.SIGTERM
    return signal.SIGINT if os.path.basename(program) == "postgres" else signal.SIGTERM


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def forget_stale_lock(data: Path) -> None:
    """Remove PostgreSQL's pid file once no server of the folder runs any more.

    After a reboot its number may belong to another process, and the server would refuse.
    """
    if PROCESSES.exists() and not of(data, data):
        (data / "postmaster.pid").unlink(missing_ok=True)
