"""Signs of life of workers and beat: `python -m config.heartbeat worker` asks for them.

Asked every 30 s in every container, so it needs nothing but the standard library. What it finds
restarts nobody.
"""

import os
import socket
import struct
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

EVERY = 5  # seconds between two signs
TOO_OLD = 30
DATABASE_PATIENCE = 2
# Of PostgreSQL's protocol: the length of the message, and the number of an SSLRequest.
TLS_QUESTION = struct.pack("!ii", 8, 80877103)


def touch(kind: str) -> None:
    """Give a sign of life; one that cannot be written goes stale, and ends nobody."""
    try:
        _file(kind).touch()
    except OSError as error:
        sys.stderr.write(f"No sign of life can be written: {error.strerror}.\n")


def complaint(kind: str) -> str:
    """Say in a sentence what is wrong, or nothing."""
    try:
        age = time.time() - _file(kind).stat().st_mtime
    except FileNotFoundError:
        return f"The {kind} has given no sign of life yet."
    if age > TOO_OLD:
        return f"The last sign of life of the {kind} is {age:.0f} s old."
    if kind == "worker" and not database_answers():
        return "The database does not answer."
    return ""


def main(kind: str) -> int:
    found = complaint(kind)
    if found:
        sys.stdout.write(f"{found}\n")
    return 1 if found else 0


def _file(kind: str) -> Path:
    name = f"mutirao-{kind}-{os.getuid()}.heartbeat"
    return Path(os.environ.get("HEARTBEAT_FILE") or Path(tempfile.gettempdir(), name))


def database_answers() -> bool:
    """Ask whether it speaks TLS, which it answers before any log-in: a driver would load slowly."""
    address = urlsplit(os.environ["DATABASE_URL"])
    place = (address.hostname or "localhost", address.port or 5432)
    try:
        with socket.create_connection(place, DATABASE_PATIENCE) as connection:
            connection.sendall(TLS_QUESTION)
            return connection.recv(1) in (b"S", b"N")
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
