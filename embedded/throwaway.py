"""Servers for one test run: fast, empty, on ports of their own, and gone at its end."""

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from embedded import environment, keys, leftovers, ports, readiness, state
from embedded.environment import Place
from embedded.postgres import THROW_AWAY as FAST
from embedded.postgres import Postgres
from embedded.valkey import THROW_AWAY as VOLATILE
from embedded.valkey import Valkey


@contextlib.contextmanager
def servers(
    given: Mapping[str, str], *, options: tuple[str, ...] = FAST
) -> Iterator[dict[str, str]]:
    """The environment that leads to them; a server that `given` names is used instead."""
    state.folder(state.RUN)
    remove_abandoned()
    with _own_folder() as folder:
        place = _place(folder)
        with contextlib.ExitStack() as stack:
            # Last of all, whatever still works for this run.
            stack.callback(leftovers.end, folder, folder / "postgres", patience=1)
            if environment.needs_postgres(given):
                stack.enter_context(_postgres(place, options))
            if environment.needs_valkey(given):
                stack.enter_context(_valkey(place))
            yield place.marked(given)


@contextlib.contextmanager
def _own_folder() -> Iterator[Path]:
    """A folder whose lock tells others that its run is alive."""
    folder = state.RUN / f"test-{os.getpid()}"
    lock = folder.with_suffix(".lock")
    with state.locked(lock, f"{lock} is held by another test run."):
        try:
            yield state.folder(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)


def remove_abandoned() -> None:
    """End and remove what test runs left that were killed: nobody holds their locks any more."""
    for lock in state.RUN.glob("test-*.lock"):
        descriptor = state.take_lock(lock)
        if descriptor is not None:
            folder = lock.with_suffix("")
            leftovers.end(folder, folder / "postgres", patience=1)
            shutil.rmtree(folder, ignore_errors=True)
            lock.unlink(missing_ok=True)
            os.close(descriptor)


def _place(folder: Path) -> Place:
    postgres = ports.free(set())
    valkey = ports.free({postgres})
    return Place(folder, keys.fresh(), {"postgres": postgres, "valkey": valkey}, ports.DEFAULT)


@contextlib.contextmanager
def _postgres(place: Place, options: tuple[str, ...]) -> Iterator[None]:
    data = place.folder / "postgres"
    server = Postgres(data, place.ports["postgres"], place.keys["postgres_password"], options)
    server.prepare()
    log = place.folder / "postgres.log"
    with _process(server.command, log, signal.SIGINT) as is_alive:
        readiness.wait(server.is_ready, name="PostgreSQL", log=log, is_alive=is_alive)
        yield


@contextlib.contextmanager
def _valkey(place: Place) -> Iterator[None]:
    folder = place.folder / "valkey"
    server = Valkey(folder, place.ports["valkey"], place.keys["valkey_password"], VOLATILE)
    server.prepare()
    log = place.folder / "valkey.log"
    with _process(server.command, log, signal.SIGTERM) as is_alive:
        readiness.wait(server.is_ready, name="Valkey", log=log, is_alive=is_alive)
        yield


@contextlib.contextmanager
def _process(
    command: list[str], log: Path, end_signal: signal.Signals
) -> Iterator[Callable[[], bool]]:
    """In a session of its own: a Ctrl-C must not reach it before those who use it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield lambda: process.poll() is None
    finally:
        process.send_signal(end_signal)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
