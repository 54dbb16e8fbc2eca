"""What was decided by a command and must outlive it: tags and numbers of replicas, in `.fleet.env`.

Compose reads the file after `.env`, so that whatever starts the fleet again starts the same one.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.refusal import Refused

ROOT = Path(__file__).parent.parent
PATH = ROOT / ".fleet.env"
# The version that runs before the first deploy: what `make build` made.
LOCAL = "local"


@contextmanager
def alone() -> Iterator[None]:
    """Let no other command change this fleet meanwhile; a killed one frees it, too."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        _lock(folder)
        yield
    finally:
        os.close(folder)


def _lock(folder: int) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused("Another command is changing this fleet: wait until it ends.") from None


def read() -> dict[str, str]:
    if not PATH.exists():
        return {}
    lines = PATH.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def tag() -> str:
    """The version that runs, but for services that have a tag of their own."""
    return read().get("TAG", LOCAL)


def write(changes: dict[str, str | None]) -> None:
    """Set or, by None, forget; a kill leaves the old file or the new one."""
    values = {**read(), **changes}
    lines = [f"{name}={value}\n" for name, value in sorted(values.items()) if value is not None]
    draft = PATH.with_suffix(".draft")
    draft.write_text("".join(lines), encoding="utf-8")
    os.replace(draft, PATH)
