"""supervisord: the process that starts the others, restarts what dies and ends them in order."""

import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

from embedded import configuration, leftovers, readiness, state, tether
from embedded.configuration import Program
from embedded.refusal import Refusal

# The sum of what each group may take, and a little for the manager to notice.
STOPPED_BY = 9.0


@dataclass
class Manager:
    folder: Path
    data: Path
    port: int
    password: str
    programs: list[Program]
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _began: float = field(default=0.0, init=False)

    def start(self, variables: Mapping[str, str]) -> None:
        """Start it with the servers. If we are killed it gets SIGTERM and ends what it started."""
        state.folder(self.folder / "logs")
        file = self.folder / "manager.conf"
        state.write(
            file, configuration.render(self.folder, self.port, self.password, self.programs)
        )
        self._began = time.monotonic()
        daemon = [sys.executable, "-m", "supervisor.supervisord", "-c", str(file)]
        with (self.folder / "logs" / "manager.out").open("wb") as output:
            self._process = subprocess.Popen(
                [*tether.to_parent(), *daemon],
                env={**variables},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C on the terminal is for us alone
            )
        self._call("getState")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def still_tries(self, name: str) -> bool:
        """Whether the program may yet come up: not if it only ever failed for ten seconds."""
        if not self.is_running:
            return False
        return time.monotonic() < self._began + 10 or self.states()[name] != "BACKOFF"

    def start_program(self, name: str) -> None:
        """Start one of the application's programs, without waiting for it."""
        self._call("startProcess", f"application:{name}", False)

    def states(self) -> dict[str, str]:
        """By program's name: RUNNING, BACKOFF and so on."""
        rows = self._call("getAllProcessInfo")
        return {row["name"]: row["statename"] for row in rows}

    def _call(self, method: str, *arguments: object) -> Any:
        url = f"http://mutirao:{self.password}@127.0.0.1:{self.port}/RPC2"
        deadline = time.monotonic() + 10
        while True:
            try:
                with ServerProxy(url) as server:
                    return getattr(server.supervisor, method)(*arguments)
            except (OSError, Fault) as error:
                if time.monotonic() > deadline or not self.is_running:
                    raise Refusal(self._why_silent(error)) from None
                time.sleep(0.1)

    def _why_silent(self, error: Exception) -> str:
        output = readiness.last_lines(self.folder / "logs" / "manager.out", 3)
        return f"the process manager does not answer: {output or error}"

    def stop(self) -> None:
        """End all within 10 s: in order by the manager, then by force what is left."""
        deadline = time.monotonic() + STOPPED_BY
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOPPED_BY)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        leftovers.end(self.folder, self.data, patience=max(0.0, deadline - time.monotonic()))
