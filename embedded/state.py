"""The folder `.run/`: who may read it, and who works in it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embedded.refusal import Refusal

ROOT = Path(__file__).resolve().parent.parent
RUN = ROOT / ".run"


def folder(path: Path) -> Path:
    """The folder, made for its owner alone if it was missing."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except PermissionError:
        raise Refusal(_not_ours(path)) from None
    if path == RUN:
        # Root could go on in it, but would leave files that its owner cannot use.
        if path.stat().st_uid != os.geteuid():
            raise Refusal(_not_ours(path))
        path.chmod(0o700)
    return path


def _not_ours(path: Path) -> str:
    nearest = next(place for place in (path, *path.parents) if place.exists())
    return (
        f"{nearest} belongs to another user (id {nearest.stat().st_uid}): "
        "start as that user, or use a clone of your own."
    )


def read_json(path: Path) -> dict[str, Any]:
    """What was written there, or nothing: a file is complete or absent."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise Refusal(_not_ours(path)) from None


def write(path: Path, text: str) -> None:
    """Replace the file in one step, readable by its owner alone."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.draft")
    with open(
        os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def write_json(path: Path, value: dict[str, Any]) -> None:
    write(path, json.dumps(value, indent=2) + "\n")


def announce(port: int | None) -> None:
    """Say in the folder where the site is, or that it is nowhere any more."""
    if port:
        write_json(RUN / "running.json", {"port": port})
    else:
        (RUN / "running.json").unlink(missing_ok=True)


def announced_port() -> int | None:
    return read_json(RUN / "running.json").get("port")


def address() -> str:
    """Where the site is said to be, as a part of a sentence."""
    port = announced_port()
    return f" at http://localhost:{port}/" if port else ""


def take_lock(path: Path) -> int | None:
    """Lock the file and return its descriptor; None if another process holds it."""
    try:
        return _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None


def wait_for_lock(path: Path) -> int:
    return _lock(path, fcntl.LOCK_EX)


def _lock(path: Path, how: int) -> int:
    """The lock ends with its holder, however that dies.

    One on a file that was removed meanwhile (`make clean`) is worth nothing: take it again.
    """
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise Refusal(_not_ours(path)) from None
        try:
            fcntl.flock(descriptor, how)
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            raise
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, refusal: str) -> Iterator[int]:
    """Hold the lock, or refuse with the sentence because another process holds it."""
    descriptor = take_lock(path)
    if descriptor is None:
        raise Refusal(refusal)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
