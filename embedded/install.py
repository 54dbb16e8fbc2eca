"""Makes the virtual environment in `.run/venv`, fills it, and goes on in it.

Only the standard library here: nothing is installed yet.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

from embedded import clean, interrupts, ports, state
from embedded.progress import Progress, pins
from embedded.refusal import Refusal, complain, say

VENV = state.RUN / "venv"
STAMP = VENV / "installed.json"
PYTHON = VENV / "bin" / "python"
LOG = state.RUN / "logs" / "install.log"
# What a command needs; the tests' list holds all of the other one.
LISTS = {"run": "local", "dev": "local", "manage": "local"}


def main(arguments: list[str]) -> int:
    command = arguments[0] if arguments else "run"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if command == "clean":
            return clean.clean()
        requirements = state.ROOT / "requirements" / f"{LISTS.get(command, 'test')}.txt"
        if command in ("run", "dev") and not is_done(stamp(requirements)):
            ports.require_free(ports.wanted())  # before a minute of installing, not after it
        install(requirements)
    except Refusal as refusal:
        complain(refusal)
        return 1
    except KeyboardInterrupt:
        return 130
    os.chdir(state.ROOT)
    interrupts.follow_make()
    os.execv(PYTHON, [str(PYTHON), "-m", "embedded", command])  # noqa: S606


def install(requirements: Path) -> None:
    """Install the list unless this was done before; of two starts one waits for the other."""
    state.folder(state.RUN)
    wanted = stamp(requirements)
    if is_done(wanted):
        return
    path = state.RUN / "install.lock"
    lock = state.take_lock(path)
    if lock is None:
        say("Another start is installing; waiting for it …")
        lock = state.wait_for_lock(path)
    if not is_done(wanted):
        _make_environment()
        _fill(requirements, wanted, lock)
    os.close(lock)


def stamp(requirements: Path) -> dict[str, str]:
    """What an installation is made from: if any of it changes, it is done again."""
    try:
        text = requirements.read_bytes()
    except FileNotFoundError:
        raise Refusal(f"{requirements} is missing: this clone is not complete.") from None
    return {
        "python": sys.version,
        "base": sys.base_prefix,
        "place": str(VENV),
        requirements.name: hashlib.sha256(text).hexdigest(),
    }


def is_done(wanted: dict[str, str]) -> bool:
    found = state.read_json(STAMP)
    return all(found.get(name) == value for name, value in wanted.items()) and PYTHON.exists()


def _make_environment() -> None:
    """Make the virtual environment anew if this Python did not make the one that is there.

    Its own mark comes last, so one that was left half-made is not taken for whole.
    """
    mark = VENV / "made.json"
    made = {"python": sys.version, "base": sys.base_prefix, "place": str(VENV)}
    if state.read_json(mark) == made:
        return
    say("Making the virtual environment …")
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Refusal(
            f"{sys.executable} cannot make a virtual environment "
            f"(Debian, Ubuntu: apt-get install python3-venv): {error}"
        ) from None
    state.write_json(mark, made)


def _fill(requirements: Path, wanted: dict[str, str], lock: int) -> None:
    """Let pip install the list, each file checked against its hash.

    After an interruption everything is written again, for pip may take a half-unpacked
    package for whole. pip inherits the lock: if only we are killed, it still holds it.
    """
    begun = VENV / "installing"
    again = ["--ignore-installed"] if begun.exists() else []
    begun.touch()
    before = {} if again else state.read_json(STAMP)
    STAMP.unlink(missing_ok=True)
    state.folder(LOG.parent)
    options = ("--require-hashes", "--no-deps", "--no-input", "--disable-pip-version-check")
    command = [str(PYTHON), "-m", "pip", "install", *again, *options, "-r", str(requirements)]
    _run_pip(command, Progress(requirements, VENV), lock)
    state.write_json(STAMP, {**before, **wanted, **covered(requirements)})
    begun.unlink()


def _run_pip(command: list[str], progress: Progress, lock: int) -> None:
    # A user's settings for pip may name mirrors, but not another place to install to.
    variables = {**os.environ, "PYTHONPATH": "", "PIP_USER": "0", "PIP_TARGET": ""}
    pip = subprocess.Popen(
        command,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=[lock],
    )
    try:
        code = progress.follow(pip, LOG)
    finally:
        pip.kill()
        pip.wait()
    if code:
        raise Refusal(f"the packages could not be installed (all of it: {LOG}): {_reason(code)}")


def _reason(code: int) -> str:
    said = [line for line in LOG.read_text("utf-8").splitlines() if "ERROR" in line]
    return " ".join(said[-2:]) or f"pip ended with {code}"


def covered(requirements: Path) -> dict[str, str]:
    """The other lists whose pins all stand in this one too: they are installed with it."""
    here = set(pins(requirements))
    others = [path for path in requirements.parent.glob("*.txt") if here.issuperset(pins(path))]
    return {path.name: stamp(path)[path.name] for path in others}
