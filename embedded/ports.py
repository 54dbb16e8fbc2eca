"""Which ports: the one people use, and free ones for the servers, remembered between starts."""

import os
import random
import socket
from pathlib import Path

from embedded import state
from embedded.refusal import Refusal

DEFAULT = 8000
# Below the range from which systems take the local ends of outgoing connections.
RANGE = range(20000, 32000)


def wanted() -> int:
    """The port of PORT=, or the default; anything but a port is refused."""
    text = os.environ.get("PORT") or str(DEFAULT)
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise Refusal(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def is_free(port: int) -> bool:
    """Whether a server could listen there now; a port we may not open counts as taken."""
    with socket.socket() as trial:
        # As servers do, or a port would seem taken for a minute after each stop.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind(("127.0.0.1", port))
            trial.listen()
        except OSError:
            return False
    return True


def require_free(port: int) -> None:
    if not is_free(port):
        raise Refusal(
            f"port {port} is in use or not allowed: "
            f"choose another, as in `make run PORT={port + 1}`."
        )


def free(taken: set[int]) -> int:
    candidates = [port for port in random.sample(RANGE, 200) if port not in taken]
    for port in candidates:
        if is_free(port):
            return port
    raise Refusal("no free port was found on 127.0.0.1 between 20000 and 32000.")


def remembered(path: Path, names: tuple[str, ...], *, web_port: int) -> dict[str, int]:
    """A free port for each name: the one of the last start, unless it was taken meanwhile."""
    before = state.read_json(path)
    ports: dict[str, int] = {}
    for name in names:
        last = int(before.get(name, 0))
        taken = {web_port, *ports.values()}
        again = last in RANGE and last not in taken and is_free(last)
        ports[name] = last if again else free(taken)
    state.write_json(path, ports)
    return ports
