"""Shows the processes' output together, each line after the name of its process."""

import sys
import threading
from pathlib import Path


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


class Console(threading.Thread):
    """Follows the log files from their present end until the program ends."""

    def __init__(self, logs: dict[str, Path], *, every: float = 0.2) -> None:
        super().__init__(daemon=True)
        self._logs = logs
        self._seen = {name: _size(path) for name, path in logs.items()}
        self._every = every
        self._done = threading.Event()
        self._width = max(map(len, logs), default=0)

    def run(self) -> None:
        while not self._done.wait(self._every):
            self.show()

    def show(self) -> None:
        for name, path in self._logs.items():
            for line in self._news(name, path):
                print(f"{name:{self._width}} | {line}", flush=True)

    def _news(self, name: str, path: Path) -> list[str]:
        """Whole lines that came since the last look; a file that shrank was rotated."""
        if not path.exists():
            return []
        if _size(path) < self._seen[name]:
            self._seen[name] = 0
        with path.open("rb") as file:
            file.seek(self._seen[name])
            text, newline, _ = file.read().rpartition(b"\n")
        self._seen[name] += len(text) + len(newline)
        return text.decode(sys.stdout.encoding or "utf-8", "replace").splitlines()

    def close(self) -> None:
        """Stop, after a last look."""
        self._done.set()
        self.join()
        self.show()
