"""Docker and Compose, as this fleet calls them."""

import json
import os
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

from fleet import state
from fleet.refusal import Refused

# Before a command beside a container's server: it gets the same secrets, and waits for nothing.
NOW = ("python", "compose/start.py", "--now")
FILES = ("compose/base.yml", "compose/production.yml")
# The service's name and the variables of its replicas and of its own tag, in the order of a deploy.
REPLICAS = {
    "backend": "BACKENDS",
    "stream": "STREAMS",
    "worker": "WORKERS",
    "worker-video": "VIDEO_WORKERS",
}
TAGS = {
    "backend": "BACKEND_TAG",
    "stream": "STREAM_TAG",
    "worker": "WORKER_TAG",
    "worker-video": "VIDEO_WORKER_TAG",
    "beat": "BEAT_TAG",
}


@dataclass(frozen=True)
class Container:
    """One replica, as it was when it was asked for; `check` is what Docker asks it."""

    id: str
    name: str
    image: str
    image_id: str
    check: tuple[str, ...]
    status: str
    health: str
    restarts: int
    started_at: str

    @property
    def tag(self) -> str:
        return self.image.rsplit(":", 1)[1]


def run(*command: str, **variables: str) -> str:
    """Return what the command prints; raise Refused with what it complains when it fails."""
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=state.ROOT, env={**os.environ, **variables}
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-8:]
        raise Refused("\n".join([f"`{' '.join(command[:6])}…` failed:", *reason]))
    return done.stdout


def compose(*arguments: str, **variables: str) -> str:
    """As `run`, of docker compose; variables go before those of the files."""
    return run("docker", "compose", *files(), *arguments, **_computed(), **variables)


def show(*arguments: str, **variables: str) -> int:
    """Run docker compose on this terminal; return its exit code."""
    progress = () if sys.stdout.isatty() else ("--progress", "quiet")
    command = ["docker", "compose", *progress, *files(), *arguments]
    environment = {**os.environ, **_computed(), **variables}
    return subprocess.run(command, cwd=state.ROOT, env=environment).returncode


def config(**variables: str) -> dict[str, Any]:
    """The compose files with all variables filled in."""
    settings: dict[str, Any] = json.loads(compose("config", "--format", "json", **variables))
    return settings


def containers(service: str) -> list[Container]:
    """The service's containers, oldest first."""
    replicas = inspect(compose("ps", "--all", "--quiet", service).split())
    return sorted(replicas, key=lambda one: int(one.name.rsplit("-", 1)[1]))


def inspect(ids: Collection[str]) -> list[Container]:
    """How they are now, those of one-off commands left out."""
    found = json.loads(run("docker", "inspect", *ids)) if ids else []
    return [_container(facts) for facts in found if not _is_one_off(facts)]


def last_lines(container: Container, number: int) -> str:
    """What it wrote last, to both of its outputs."""
    command = ("docker", "logs", "--tail", str(number), container.name)
    return subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ).stdout


def execute(container: Container, *arguments: str) -> str:
    return run("docker", "exec", container.name, *arguments)


def manage(container: Container, *arguments: str) -> str:
    """Run a command of manage.py there, with the secrets that its servers have."""
    return execute(container, *NOW, "python", "manage.py", *arguments)


def files() -> list[str]:
    """The options that name the compose files, and where their variables come from."""
    names = [name for name in (".env", ".fleet.env") if (state.ROOT / name).exists()]
    environment = [part for name in names for part in ("--env-file", name)]
    return [*environment, *(part for name in FILES for part in ("-f", name))]


def _is_one_off(facts: dict[str, Any]) -> bool:
    """Whether it is of `docker compose run`, which leaves one behind when it is killed."""
    return bool(facts["Config"]["Labels"].get("com.docker.compose.oneoff") == "True")


def _container(facts: dict[str, Any]) -> Container:
    now = facts["State"]
    return Container(
        id=facts["Id"],
        name=facts["Name"].removeprefix("/"),
        image=facts["Config"]["Image"],
        image_id=facts["Image"],
        check=tuple(facts["Config"].get("Healthcheck", {}).get("Test", ())[1:]),
        status=now["Status"],
        health=now.get("Health", {}).get("Status", ""),
        restarts=facts["RestartCount"],
        started_at=now["StartedAt"],
    )


def _computed() -> dict[str, str]:
    """Variables of the compose files that Compose itself could not fill in."""
    return {**subnets(), "NGINX_FILES": nginx_files()}


def nginx_files() -> str:
    """A sum of them; nginx has it as a label, so that a change makes `up` start it anew.

    It reads them at its start only, and Compose does not look into what it mounts.
    """
    files = sorted(path for path in (state.ROOT / "nginx").iterdir() if path.is_file())
    if closed := [path.name for path in files if not path.stat().st_mode & 0o004]:
        raise Refused(f"nginx cannot read {', '.join(closed)}: `chmod go+r nginx/*` lets it.")
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


@cache
def subnets() -> dict[str, str]:
    """Four networks cut out of SUBNET: no fixed addresses, since replicas come and go."""
    plain = ["docker", "compose", *files(), "config", "--format", "json"]
    subnet = json.loads(run(*plain))["x-subnet"]
    try:
        parts = ip_network(subnet).subnets(prefixlen_diff=2)
        edge, data, egress, gateway = map(str, parts)
    except ValueError as error:
        raise Refused(
            f"SUBNET must be a network of /26 or wider, like 172.28.0.0/16: {error}."
        ) from error
    return {
        "SUBNET_EDGE": edge,
        "SUBNET_DATA": data,
        "SUBNET_EGRESS": egress,
        "SUBNET_GATEWAY": gateway,
    }
