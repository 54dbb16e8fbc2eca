"""A gateway to WhatsApp that only looks like one, so that messages can be tried without a phone."""

import socket
import sys
from collections.abc import Mapping

from embedded import state, tether

MODULE = "tests.leads.gateway"


def is_needed(given: Mapping[str, str]) -> bool:
    """Unless the environment names a real one; an installation without tests has none."""
    file = state.ROOT.joinpath(*MODULE.split(".")).with_suffix(".py")
    return not given.get("EVOLUTION_URL") and file.exists()


def command(port: int) -> list[str]:
    return [*tether.to_parent(), sys.executable, "-m", MODULE, str(port)]


def is_ready(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


def is_ours(variables: Mapping[str, str]) -> bool:
    """Whether the application is led to it."""
    port = state.read_json(state.RUN / "ports.json").get("gateway", 0)
    return variables.get("EVOLUTION_URL") == url(port)


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
