"""`make test` and the other targets for people who change the code."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

from embedded import catalogues, environment, interrupts, keys, ports, state, steps, throwaway
from embedded.environment import Place
from embedded.refusal import Refusal, complain, say
from embedded.steps import Step

FLEET = "tests/fleet"


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _tool(name: str, *arguments: str) -> list[str]:
    return [str(Path(sys.executable).parent / name), *arguments]


def _linters() -> list[Step]:
    """The slowest first, so that the others run beside it."""
    return [
        Step("mypy", _python("-m", "mypy", ".")),
        Step("ruff check", _tool("ruff", "check", ".")),
        Step("ruff format", _tool("ruff", "format", "--check", ".")),
        Step("lint-imports", _tool("lint-imports", "--no-cache")),
    ]


def _database_checks() -> list[Step]:
    schema = ("spectacular", "--validate", "--fail-on-warn", "--file", os.devnull)
    return [
        Step("makemigrations", _python("manage.py", "makemigrations", "--check", "--dry-run")),
        Step("OpenAPI", _python("manage.py", *schema)),
    ]


def _arguments() -> list[str]:
    return shlex.split(os.environ.get("ARGS", ""))


def _variables() -> dict[str, str]:
    """The caller's environment for checks; the tools' caches go where `make clean` finds them."""
    caches = state.RUN / "cache"
    given = environment.for_tests(environment.of_this_shell(), environment.documented_names())
    tools = {"MYPY_CACHE_DIR": str(caches / "mypy"), "RUFF_CACHE_DIR": str(caches / "ruff")}
    # The arguments were read; what we start may call make itself.
    return {
        name: value for name, value in {**given, **tools}.items() if name not in ("ARGS", "PORT")
    }


def test() -> int:
    """All checks on servers of their own, or with ARGS only pytest with these arguments."""
    interrupts.raise_on_end()
    catalogues.compile_all()
    began = time.monotonic()
    arguments = _arguments()
    with throwaway.servers(_variables()) as variables:
        if arguments:
            return _pytest(arguments, variables)
        failed = steps.run([*_linters(), *_database_checks()], variables)
        if _pytest(["-n", "auto", "--ignore", FLEET], variables):
            failed.append("pytest")
        interrupts.ignore_ends()
    say(f"{'all':16} {'failed' if failed else 'ok':6} {time.monotonic() - began:6.1f} s")
    if failed:
        complain(f"failed: {', '.join(failed)}.")
    return 1 if failed else 0


def _pytest(arguments: list[str], variables: dict[str, str]) -> int:
    # By group, for the few tests that must not run beside each other.
    dist = () if "no:xdist" in arguments else ("--dist", "loadgroup")
    options = (*dist, "-o", f"cache_dir={state.RUN / 'cache' / 'pytest'}")
    step = Step("pytest", _python("-m", "pytest", *options, *arguments))
    steps.run([step], variables, live=True)
    return step.code or 0


def test_fleet() -> int:
    """The tests that need a Docker Engine: in their order, one after another, no servers here."""
    interrupts.raise_on_end()
    catalogues.compile_all()
    # Connections break on purpose there, and what is left of them goes with the garbage.
    lax = ("-W", "ignore::ResourceWarning", "-W", "ignore::pytest.PytestUnraisableExceptionWarning")
    options = ("-p", "no:randomly", "-p", "no:xdist", "--timeout=900", "--durations=15", *lax)
    return _pytest([*options, *(_arguments() or [FLEET])], _unserved())


def lint() -> int:
    interrupts.raise_on_end()
    return 1 if steps.run(_linters(), _unserved()) else 0


def _unserved() -> dict[str, str]:
    """Variables to load the settings with, of servers that are not there."""
    place = Place(state.RUN, keys.fresh(), {"postgres": 1, "valkey": 1}, 8000)
    return place.variables(_variables())


def fmt() -> int:
    """Mend what can be mended by machine."""
    commands = (_tool("ruff", "check", "--fix", "."), _tool("ruff", "format", "."))
    return max(
        [subprocess.run(command, cwd=state.ROOT, check=False).returncode for command in commands]
    )


def bench() -> int:
    """The figures of docs/performance.md, on servers that write to disk as in production."""
    interrupts.raise_on_end()
    with throwaway.servers(_variables(), options=()) as variables:
        step = Step("bench", _python("-m", "tests.load", *_arguments()))
        steps.run([step], variables, live=True)
        interrupts.ignore_ends()
    return step.code or 0


def evaluate() -> int:
    """How well questions are answered from the demo knowledge (docs/decisions/knowledge.md)."""
    interrupts.raise_on_end()
    catalogues.compile_all()
    with throwaway.servers(_variables()) as variables:
        step = Step("eval", _python("-m", "tests.leads.evaluation", *_arguments()))
        steps.run([step], variables, live=True)
        interrupts.ignore_ends()
    return step.code or 0


def bench_fleet() -> int:
    """The figures of the fleet, in a Docker Engine; only what compares Celery runs beside it."""
    interrupts.raise_on_end()
    catalogues.compile_all()
    with throwaway.servers(_variables()) as variables:
        command = _python("-m", "tests.load.fleet", *_arguments())
        step = Step("bench-fleet", command, patience=120)  # a fleet does not go in seconds
        steps.run([step], variables, live=True)
        interrupts.ignore_ends()
    return step.code or 0


def migration() -> int:
    """`make migration APP=events NAME=what_it_does`, against an empty database."""
    interrupts.raise_on_end()
    app, name = os.environ.get("APP"), os.environ.get("NAME")
    if not (app and name):
        raise Refusal("say which and what: make migration APP=events NAME=what_it_does.")
    with throwaway.servers(_variables()) as variables:
        step = Step("migration", _python("manage.py", "makemigrations", app, "--name", name))
        steps.run([step], variables, live=True)
    return step.code or 0


def manage() -> int:
    """`manage.py ARGS` on what `make run` has running here."""
    given = environment.of_this_shell()
    own_servers = environment.needs_postgres(given) or environment.needs_valkey(given)
    if own_servers and state.take_lock(state.RUN / "run.lock") is not None:
        raise Refusal("nothing is running in this clone: `make run` in another terminal first.")
    place = Place(
        folder=state.RUN,
        keys=keys.kept(state.RUN / "keys.json"),
        ports=state.read_json(state.RUN / "ports.json") or {"postgres": 0, "valkey": 0},
        web_port=state.announced_port() or ports.DEFAULT,
    )
    command = _python("manage.py", *_arguments())
    os.execve(command[0], command, place.variables(given))  # noqa: S606
