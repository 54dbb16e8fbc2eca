"""`make run` and `make dev`: from nothing to a site that answers, until Ctrl-C."""

import contextlib
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from embedded import (
    catalogues,
    console,
    environment,
    gateway,
    interrupts,
    keys,
    leftovers,
    ports,
    programs,
    readiness,
    site,
    state,
    tether,
)
from embedded.manager import Manager
from embedded.postgres import Postgres
from embedded.refusal import Refusal, say
from embedded.valkey import Valkey

DATA = state.RUN / "postgres"
LOGS = state.RUN / "logs"


def run(*, dev: bool = False) -> int:
    """Serve until asked to end. One start per clone: a second one is told where the first is."""
    port = ports.wanted()
    interrupts.raise_on_end()
    state.folder(state.RUN)
    refusal = f"already running in this clone{state.address()}."
    with state.locked(state.RUN / "run.lock", refusal):
        state.announce(None)  # of an earlier start that was killed
        try:
            _serve(port, dev=dev)
        except KeyboardInterrupt:
            say("Stopped.")
    return 0


def _serve(port: int, *, dev: bool) -> None:
    given = environment.of_this_shell()
    if leftovers.end(state.RUN, DATA, patience=8):
        say("Ended what an earlier start had left running.")
    ports.require_free(port)
    place = _place(port, given, dev=dev)
    postgres, valkey = _servers(place, given)
    _make(postgres, valkey)
    shutil.rmtree(place.metrics, ignore_errors=True)
    state.announce(port)
    manager = _manager(place, postgres, valkey)
    try:
        _start(manager, postgres, valkey, place, given)
        _application(manager, place, is_ours=postgres is not None)
    finally:
        interrupts.ignore_ends()
        say("Stopping …")
        manager.stop()
        state.announce(None)


def _place(port: int, given: dict[str, str], *, dev: bool) -> environment.Place:
    others = ("gateway",) if gateway.is_needed(given) else ()
    return environment.Place(
        folder=state.RUN,
        keys=keys.kept(state.RUN / "keys.json"),
        ports=ports.remembered(
            state.RUN / "ports.json", ("postgres", "valkey", "manager", *others), web_port=port
        ),
        web_port=port,
        debug=dev,
    )


def _servers(
    place: environment.Place, given: dict[str, str]
) -> tuple[Postgres | None, Valkey | None]:
    """Those that the environment does not name."""
    postgres = valkey = None
    if environment.needs_postgres(given):
        postgres = Postgres(DATA, place.ports["postgres"], place.keys["postgres_password"])
    if environment.needs_valkey(given):
        valkey = Valkey(state.RUN / "valkey", place.ports["valkey"], place.keys["valkey_password"])
    return postgres, valkey


def _make(postgres: Postgres | None, valkey: Valkey | None) -> None:
    """What the servers need before they can start."""
    if postgres:
        if not DATA.exists():
            say("Making the database …")
        postgres.prepare()
        leftovers.forget_stale_lock(DATA)
    if valkey:
        valkey.prepare()


def _manager(place: environment.Place, postgres: Postgres | None, valkey: Valkey | None) -> Manager:
    application = programs.development if place.debug else programs.application
    return Manager(
        folder=state.RUN,
        data=DATA,
        port=place.ports["manager"],
        password=place.keys["manager_password"],
        programs=[
            *programs.servers(postgres, valkey),
            *programs.fake_gateway(place.ports.get("gateway")),
            *application(place.web_port),
        ],
    )


def _start(
    manager: Manager,
    postgres: Postgres | None,
    valkey: Valkey | None,
    place: environment.Place,
    given: dict[str, str],
) -> None:
    """The servers, then the database; while they start, the translations are compiled."""
    say("Starting the servers …")
    variables = place.marked(given)
    manager.start(variables)
    catalogues.compile_all()
    if postgres:
        _wait(manager, "postgres", postgres.is_ready)
    if valkey:
        _wait(manager, "valkey", valkey.is_ready)
    if port := place.ports.get("gateway"):
        _wait(manager, "gateway", lambda: gateway.is_ready(port))
    _prepare(variables)


def _wait(manager: Manager, name: str, is_ready: Callable[[], bool]) -> None:
    log = LOGS / f"{name}.log"
    readiness.wait(
        is_ready, name=name, log=log, is_alive=lambda: manager.still_tries(name), seconds=120
    )


def _prepare(variables: dict[str, str]) -> None:
    password = state.read_json(state.RUN / "keys.json")["staff_password"]
    done = subprocess.run(
        [*tether.to_parent(), sys.executable, "-m", "embedded.prepare"],
        env={**variables, "DJANGO_SUPERUSER_PASSWORD": password},
        cwd=state.ROOT,
        check=False,
    )
    if done.returncode:
        raise Refusal("the database could not be brought up to date; the reason stands above.")


def _application(manager: Manager, place: environment.Place, *, is_ours: bool) -> None:
    names = [program.name for program in manager.programs]
    with contextlib.ExitStack() as stack:
        if place.debug:
            output = console.Console({name: LOGS / f"{name}.log" for name in names})
            stack.callback(output.close)
            output.start()
        say("Starting web, worker and beat …")
        manager.start_program("web")
        _wait(manager, "web", lambda: site.is_ready(place.web_port))
        # Only now, or they would take from web the processors with which it starts.
        manager.start_program("worker")
        manager.start_program("beat")
        whatsapp = place.ports.get("gateway")
        say(site.greeting(place.web_port, with_account=is_ours, gateway_port=whatsapp))
        while manager.is_running:
            time.sleep(0.5)
    raise Refusal(
        f"the process manager ended unexpectedly (see {LOGS / 'manager.log'}); start again."
    )
