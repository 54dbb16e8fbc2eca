"""Replace the containers of a service by those of another version, without a gap."""

import time
from collections.abc import Sequence

from fleet import capacity, compose
from fleet.compose import Container
from fleet.refusal import Refused

# What each must answer before it counts; asked here, since Docker asks only every 30 s.
WELL = {
    "backend": ("python", "compose/healthcheck.py", "web"),
    "stream": ("python", "compose/healthcheck.py", "web"),
    "worker": (*compose.NOW, "python", "-m", "config.heartbeat", "worker"),
    "worker-video": (*compose.NOW, "python", "-m", "config.heartbeat", "worker"),
    "beat": (*compose.NOW, "python", "-m", "config.heartbeat", "beat"),
    "nginx": ("curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8081/readiness/"),
}
BEHIND_NGINX = ("backend", "stream")
PATIENCE = 80  # seconds for one attempt; three of them stay below five minutes
# Two lives of nginx' answer from the resolver: from then on it sends to the new ones, too.
SEEN_AFTER = 4
# Asking costs a busy machine as much as starting does: half a second for each container.
ASK_EVERY = 3
# Of the log of a version that failed; they say why.
LAST_LINES = 20


class NotWell(Refused):
    """The new version did not come up."""


def roll(service: str, deadline: float, tags: dict[str, str], at_once: Sequence[str]) -> None:
    """Replace batch by batch: new replicas are well and known to nginx before old ones leave.

    As many as connections to Postgres are left for: one of each service of `at_once`, which roll
    at the same time, and an equal share of what is left then. Of those behind nginx two at most,
    since of its three tries one must meet a replica that serves.
    Killed in between, more replicas than wanted are left, all of them serving: the next roll
    removes what is older.
    """
    settings = compose.config(**tags)
    wanted = int(settings["services"][service]["deploy"]["replicas"])
    old = compose.containers(service)
    share = (capacity.spare(settings) - capacity.together(settings, at_once)) // len(at_once)
    room = max(1, 1 + share // capacity.each(settings, service))
    batch = min(wanted, room, 2 if service in BEHIND_NGINX else wanted)
    for done in range(0, wanted, batch):
        number = min(batch, wanted - done)
        new = start(service, len(compose.containers(service)) + number, **tags)
        try:
            wait(service, new, deadline)
        except NotWell:
            bury(new)
            raise
        if service in BEHIND_NGINX:
            time.sleep(SEEN_AFTER)
        leaving, old = old[:number], old[number:]
        stop(service, leaving)
    stop(service, old)
    stop(service, compose.containers(service)[:-wanted])


def start(service: str, number: int, **tags: str) -> list[Container]:
    """Add containers until there are so many, and start all; leave alone what runs.

    `up --no-deps` would leave what they depend on out of the sum by which `make up` knows that
    they are as they should be, and the next one would make all of them anew.
    """
    before = {one.id for one in compose.containers(service)}
    scale = ("--scale", f"{service}={number}")
    compose.compose("create", "--no-recreate", *scale, service, **tags)
    found = compose.containers(service)
    if idle := [one.name for one in found if one.status in ("created", "exited")]:
        compose.run("docker", "start", *idle)
    return [one for one in found if one.id not in before]


def wait(service: str, new: list[Container], deadline: float) -> None:
    """Wait until all are well; raise NotWell when one keeps ending or the time is up."""
    until = min(time.monotonic() + PATIENCE, deadline)
    waiting = {one.id for one in new}
    while waiting:
        for one in compose.containers(service):
            if one.id in waiting and one.restarts >= 3:
                raise NotWell(f"{one.name} of {one.image} keeps ending.")
            if one.id in waiting and one.status == "running" and is_well(service, one):
                waiting.discard(one.id)
        if waiting and time.monotonic() > until:
            raise NotWell(f"{service} of the new version is not healthy in time.")
        time.sleep(ASK_EVERY)


def is_well(service: str, container: Container) -> bool:
    try:
        compose.execute(container, *WELL[service])
    except Refused:
        return False
    return True


def stop(service: str, leaving: list[Container]) -> None:
    """Stop them with the time that each has to finish, and remove them.

    Those behind nginx go one after another: of the three replicas that it tries for a
    request, only one may be gone without its knowledge.
    """
    batches = [[one] for one in leaving] if service in BEHIND_NGINX else [leaving]
    for batch in filter(None, batches):
        names = [one.name for one in batch]
        compose.run("docker", "stop", *names)
        compose.run("docker", "rm", "--volumes", *names)
        if service in BEHIND_NGINX:
            time.sleep(SEEN_AFTER)


def bury(failed: list[Container]) -> None:
    """Print what they wrote last, which goes with them, and remove them."""
    for one in failed:
        print(f"The last lines of {one.name}:\n{compose.last_lines(one, LAST_LINES)}", end="")
        compose.run("docker", "rm", "--force", "--volumes", one.name)
