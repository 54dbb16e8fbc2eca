"""Runs commands one beside the other, each timed, all to their end."""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import IO

from embedded import state, tether
from embedded.refusal import say

AT_ONCE = max(1, os.cpu_count() or 1)


@dataclass
class Step:
    """One command of `make test`; its output is kept until it ends, unless it is shown live."""

    name: str
    command: list[str]
    code: int | None = None
    patience: float = 5  # seconds in which it may end what it started
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _output: IO[bytes] = field(default_factory=tempfile.TemporaryFile, init=False)
    _began: float = field(default=0.0, init=False)

    def start(self, variables: Mapping[str, str], *, live: bool = False) -> None:
        self._began = time.monotonic()
        self._process = subprocess.Popen(
            [*tether.to_parent(), *self.command],
            env={**variables},
            cwd=state.ROOT,
            stdin=None if live else subprocess.DEVNULL,
            stdout=None if live else self._output,
            stderr=None if live else subprocess.STDOUT,
        )

    def has_ended(self) -> bool:
        """Whether it is over; the first time, its result is shown."""
        if self._process is None or (code := self._process.poll()) is None:
            return False
        if self.code is None:
            self.code = code
            self._report()
        return True

    def _report(self) -> None:
        self._output.seek(0)
        output = self._output.read().decode("utf-8", "replace").strip()
        self._output.close()
        verdict = "failed" if self.code else "ok"
        say(f"{self.name:16} {verdict:6} {time.monotonic() - self._began:6.1f} s")
        if self.code and output:
            say(output)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(self.patience)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def run(steps: list[Step], variables: Mapping[str, str], *, live: bool = False) -> list[str]:
    """Run all of them, as many at once as there are processors; return the names of what failed."""
    waiting, running = list(steps), list[Step]()
    try:
        while waiting or running:
            while waiting and len(running) < AT_ONCE:
                step = waiting.pop(0)
                step.start(variables, live=live)
                running.append(step)
            time.sleep(0.05)
            running = [step for step in running if not step.has_ended()]
    finally:
        for step in running:
            step.end()
    return [step.name for step in steps if step.code]
