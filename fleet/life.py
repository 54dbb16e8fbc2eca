"""Build, start and end the fleet."""

import time

from fleet import capacity, compose, rolling, state
from fleet.refusal import Refused

PATIENCE = 180


def build(tag: str, pull: str = "") -> None:
    """Build the images under the tag, by default `local`, whatever version is noted as running.

    With `pull` on what is published now of the images below ours, with its corrections.
    """
    tags = dict.fromkeys(("TAG", *compose.TAGS.values()), tag or state.LOCAL)
    newest = ["--pull"] if pull == "1" else []
    _finish(compose.show("build", *newest, "prepare", "worker-video", **tags))


def pull() -> None:
    """Fetch what is published now of the servers' images; `make up` starts those anew."""
    _finish(compose.show("pull", "--ignore-buildable"))


def up() -> None:
    """Start what does not run, bring the schema up to date, and wait until all of it is healthy."""
    capacity.check(compose.config())
    if compose.show("up", "--detach", "--remove-orphans"):
        # What starts first is what the others waited for in vain.
        compose.show("logs", "--tail", "30", "volumes", "prepare")
        raise Refused("The messages above say why.")
    all_of_ours = (*compose.TAGS, "nginx")
    replicas = [one for service in all_of_ours for one in compose.containers(service)]
    rolling.wait(replicas, time.monotonic() + PATIENCE)


def down() -> None:
    """End all containers; rows, queue and files stay in their volumes."""
    _finish(compose.show("down", "--remove-orphans"))


def migrate() -> None:
    """Bring the schema up to date, as every start does."""
    _finish(compose.show("run", "--rm", "--no-deps", "prepare"))


def manage(*arguments: str) -> None:
    """Run a command of manage.py in a backend, on this terminal."""
    _finish(compose.show("exec", "backend", *compose.NOW, "python", "manage.py", *arguments))


def logs(*services: str) -> None:
    """Follow what they write, from the last hundred lines on, until Ctrl-C."""
    compose.show("logs", "--follow", "--tail", "100", *services)


def _finish(code: int) -> None:
    if code:
        raise Refused("Docker's message above says why.")
