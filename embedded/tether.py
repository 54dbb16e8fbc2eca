"""Ties the life of a child to its parent's, so that none is left when the parent is killed."""

import functools
import shutil
import subprocess


@functools.cache
def _setpriv() -> str | None:
    """The tool of util-linux; others of that name (busybox) do not know the option."""
    tool = shutil.which("setpriv")
    if tool is None:
        return None
    trial = subprocess.run([tool, "--pdeathsig", "TERM", "true"], capture_output=True, check=False)
    return tool if trial.returncode == 0 else None


def to_parent(signal: str = "TERM") -> list[str]:
    """What to write before a command, so that its process gets the signal when its parent dies.

    Without the tool nothing is written: the next start then ends what was left.
    """
    tool = _setpriv()
    return [tool, "--pdeathsig", signal] if tool else []
