"""What supervisord is told: which programs, in which order they start and end."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from embedded import state

# Both groups must end within 10 s, one after the other; the manager looks about once a second.
PATIENCE = {"servers": 3, "application": 4}
NEVER_GIVE_UP = 1_000_000_000


@dataclass(frozen=True)
class Program:
    name: str
    command: list[str]
    stop_signal: str = "TERM"
    group: str = "application"

    def section(self) -> str:
        """Its part of the configuration: servers start at once, the rest when it is told to."""
        settings = {
            "command": " ".join(map(quote, self.command)),
            "directory": str(state.ROOT),
            "autostart": "true" if self.group == "servers" else "false",
            "autorestart": "true",
            "startsecs": "1",
            "startretries": str(NEVER_GIVE_UP),  # each try waits a second longer than the last
            "stopsignal": self.stop_signal,
            "stopwaitsecs": str(PATIENCE[self.group]),
            "killasgroup": "true",
            "redirect_stderr": "true",
            # Relative, because supervisor expands a % in this one twice.
            "stdout_logfile": f"logs/{self.name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "2",
        }
        return _section(f"program:{self.name}", settings)


def _section(title: str, settings: Mapping[str, str]) -> str:
    # supervisor expands %(…)s everywhere, so a % in a path is doubled.
    lines = [f"{name}={value.replace('%', '%%')}" for name, value in settings.items()]
    return "\n".join((f"[{title}]", *lines, "")) + "\n"


def render(folder: Path, port: int, password: str, programs: list[Program]) -> str:
    """The whole file. It holds no secret of the application: those are in the environment."""
    # A port, not a socket file, whose path might be longer than systems allow.
    access = {"port": f"127.0.0.1:{port}", "username": "mutirao", "password": password}
    factory = "supervisor.rpcinterface:make_main_rpcinterface"
    parts = [
        _section("supervisord", _daemon(folder)),
        _section("inet_http_server", access),
        _section("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": factory}),
        *(program.section() for program in programs),
        # The group of the higher number is stopped first.
        *(_group(name, number, programs) for number, name in enumerate(PATIENCE, start=1)),
    ]
    return "".join(parts)


def _daemon(folder: Path) -> dict[str, str]:
    return {
        "logfile": str(folder / "logs" / "manager.log"),
        "pidfile": str(folder / "manager.pid"),
        "nodaemon": "true",
        "silent": "true",
        "nocleanup": "true",
        "umask": "077",
        "minfds": "256",
        "minprocs": "1",
    }


def _group(name: str, priority: int, programs: list[Program]) -> str:
    members = ",".join(program.name for program in programs if program.group == name)
    if not members:
        return ""
    return _section(f"group:{name}", {"programs": members, "priority": str(priority)})
