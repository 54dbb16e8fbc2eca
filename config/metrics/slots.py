"""Which files a process counts into: those of a slot, which is free again when it ends."""

import fcntl
import itertools
import os
from pathlib import Path
from typing import IO

from prometheus_client.multiprocess import mark_process_dead


class Slot:
    """The smallest number that no other living process of the folder holds.

    The kernel frees it with the process, however that ends. Whoever takes it next goes on
    in the same files: no count is lost, and there are about as many files as processes
    live at once, however many children a worker has used up.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._number = -1
        self._owner = -1
        self._lock: IO[str] | None = None

    def number(self) -> int:
        """This process's own; a forked child takes one when it first counts."""
        if self._owner != os.getpid():
            self._take()
        return self._number

    def _take(self) -> None:
        if self._lock:
            self._lock.close()  # of the parent, who keeps it
        for number in itertools.count():
            if lock := _hold(self._folder, number):
                self._number, self._lock, self._owner = number, lock, os.getpid()
                return


def remove_gauges_of_the_dead(folder: Path) -> None:
    """Remove what was true only as long as its process lived."""
    for file in folder.glob("*.lock"):
        if lock := _hold(folder, int(file.stem)):
            lock.close()


def _hold(folder: Path, number: int) -> IO[str] | None:
    """Lock the slot and empty its gauges, if no living process holds it."""
    lock = (folder / f"{number}.lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    mark_process_dead(number, str(folder))
    return lock
