import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from embedded import environment, keys, leftovers, ports, state

STUB = Path(__file__).parent / "stub"


@pytest.fixture(autouse=True)
def _empty_cache():
    """Nothing here uses the cache, so these tests need no server of the others."""


class Clone:
    """A copy of the launcher around the stub project, with a `.run/` of its own."""

    def __init__(self, place):
        self.place = place
        self.folder = place / ".run"
        self.port = ports.free(set())
        self.output = place / "output"
        self._started = []
        shutil.copytree(STUB, place)
        shutil.copytree(state.ROOT / "embedded", place / "embedded")

    def start(self, command="run", **variables):
        with self.output.open("w") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "embedded", command],
                env={**_without_our_variables(), "PORT": str(self.port), **variables},
                cwd=self.place,
                stdout=output,
                stderr=output,
            )
        self._started.append(process)
        return process

    def start_and_wait(self):
        process = self.start()
        self.wait_for_text("Mutirão is up", process)
        return process

    def wait_for_text(self, text, process):
        until(lambda: text in self.text or process.poll() is not None, 120)
        assert text in self.text, self.text

    @property
    def text(self):
        return self.output.read_text("utf-8")

    def processes(self):
        return leftovers.of(self.folder, self.folder / "postgres")

    def pid_of(self, words):
        """The process whose command line holds the words and whose parent is the manager."""
        manager = (self.folder / "manager.pid").read_text().strip()
        for pid in self.processes():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
                line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                if words in line and stat[1] == manager:
                    return pid
        return None

    def kill_and_wait_for_another(self, words):
        until(lambda: self.pid_of(words), 30)
        before = self.pid_of(words)
        os.kill(before, signal.SIGKILL)
        until(lambda: self.pid_of(words) not in (None, before), 30)

    def close(self):
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
        leftovers.end(self.folder, self.folder / "postgres", patience=0)


def until(is_true, seconds):
    """Wait until it is true, and fail when that takes too long."""
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.05)


def _without_our_variables():
    """The environment of the shell that called `make test`, as far as that can be known."""
    place = environment.Place(state.RUN, keys.fresh(), {"postgres": 0, "valkey": 0}, 0)
    return {name: value for name, value in os.environ.items() if name not in place.own}


@pytest.fixture
def clone(tmp_path):
    clone = Clone(tmp_path / "clone")
    yield clone
    clone.close()
