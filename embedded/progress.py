"""Shows how far pip is: packages fetched, then packages unpacked."""

import subprocess
import sys
import threading
from pathlib import Path

FETCHING = ("Collecting ", "Requirement already satisfied: ")
UNPACKING = "Installing collected packages"


def pins(requirements: Path) -> list[str]:
    """What a list names with its version; on which systems is left out."""
    lines = requirements.read_text("utf-8").splitlines()
    named = [line for line in lines if "==" in line and line[0] not in " #"]
    return [line.partition(";")[0].rstrip(" \\") for line in named]


class Progress:
    def __init__(self, requirements: Path, environment: Path) -> None:
        self._total = len(pins(requirements))
        self._environment = environment
        self._before = self._unpacked()
        self._fetched = 0
        self._unpacking = False
        self._shown = ("", 0)

    def follow(self, pip: subprocess.Popen[str], log: Path) -> int:
        """Copy what pip says into the log, show the count, and return pip's exit code."""
        reader = threading.Thread(target=self._read, args=(pip, log), daemon=True)
        reader.start()
        while reader.is_alive():
            reader.join(0.5)
            self._show()
        self._finish()
        return pip.wait()

    def _read(self, pip: subprocess.Popen[str], log: Path) -> None:
        with log.open("w", encoding="utf-8") as copy:
            for line in pip.stdout or ():
                copy.write(line)
                self._fetched += line.startswith(FETCHING)
                self._unpacking = self._unpacking or line.startswith(UNPACKING)

    def _unpacked(self) -> int:
        return sum(1 for _ in self._environment.glob("lib/*/site-packages/*.dist-info/RECORD"))

    def _show(self) -> None:
        """On a terminal one line that counts, elsewhere a line for every ten packages."""
        count, verb = self._fetched, "fetched"
        if self._unpacking:
            count, verb = max(0, self._unpacked() - self._before), "unpacked"
        text = f"Packages {verb}: {count} of {self._total}"
        if sys.stdout.isatty():
            print(f"\r\x1b[K{text}", end="", flush=True)
        elif (step := (verb, count // 10)) != self._shown:
            print(text, flush=True)
            self._shown = step

    def _finish(self) -> None:
        if sys.stdout.isatty():
            print("\r\x1b[K", end="", flush=True)
