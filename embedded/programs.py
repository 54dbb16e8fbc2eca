"""The processes that the manager keeps running, and their command lines."""

import sys
from pathlib import Path

from embedded import gateway, tether
from embedded.configuration import Program
from embedded.postgres import Postgres
from embedded.valkey import Valkey


def _python(*arguments: str) -> list[str]:
    return [*tether.to_parent(), sys.executable, *arguments]


def servers(postgres: Postgres | None, valkey: Valkey | None) -> list[Program]:
    """Those that are ours; a server named by the environment is not."""
    programs = []
    if postgres:
        programs.append(Program("postgres", postgres.command, stop_signal="INT", group="servers"))
    if valkey:
        programs.append(Program("valkey", valkey.command, group="servers"))
    return programs


def fake_gateway(port: int | None) -> list[Program]:
    """Where the application is led to ours."""
    return [Program("gateway", gateway.command(port), group="servers")] if port else []


def application(port: int) -> list[Program]:
    return [
        Program("web", _python("-m", *_web(port))),
        Program("worker", _python("-m", *_WORKER)),
        Program("beat", _python("-m", *_BEAT)),
    ]


def development(port: int) -> list[Program]:
    """The same, each restarted when the code changes."""
    # Not Django's own reloader: its child would outlive a parent that is killed.
    return [
        Program("web", _python("-m", "embedded.reload", *_web(port), "--workers", "1")),
        Program("worker", _python("-m", "embedded.reload", *_WORKER)),
        Program("beat", _python("-m", "embedded.reload", *_BEAT)),
    ]


def _web(port: int) -> tuple[str, ...]:
    """The one port serves pages, the API and streams, which only an event loop can keep open."""
    settings = str(Path("config", "gunicorn.py"))
    kind = ("--worker-class", "asgi", "--threads", "1")
    place = ("--bind", f"127.0.0.1:{port}", "--graceful-timeout", "3")
    return ("gunicorn", "config.asgi", "-c", settings, *kind, *place)


_WORKER = ("celery", "-A", "config", "worker", "--concurrency", "2", "--loglevel", "INFO")
# No pid file: a stale one would keep it from starting.
_BEAT = ("celery", "-A", "config", "beat", "--pidfile=", "--loglevel", "INFO")
