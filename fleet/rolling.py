"""Replace the containers of a service by those of another version, without a gap."""

import time
from collections.abc import Callable

from fleet import capacity, compose
from fleet.compose import Container
from fleet.refusal import Refused

BEHIND_NGINX = ("backend", "stream")
NEW_AT_ONCE = 2  # of each of those: of the three tries of nginx one must meet a replica that serves
PATIENCE = 80  # seconds for one attempt; three of them stay below five minutes
# Two lives of nginx' answer from the resolver: from then on it sends to the new ones, too.
SEEN_AFTER = 4
# Asking costs a busy machine as much as starting does: half a second for each container.
ASK_EVERY = 3
# Of the log of a version that failed; they say why.
LAST_LINES = 20


class NotWell(Refused):
    """The new version did not come up."""


def roll(
    service: str,
    tags: dict[str, str],
    *,
    deadline: float,
    connections: capacity.Connections,
    when_well: Callable[[], None] | None = None,
) -> None:
    """Replace batch by batch: new replicas are well and known to nginx before old ones leave.

    As many as connections to Postgres are left for. `when_well` is called whenever new ones are.
    Killed in between, more replicas than wanted are left, all of them serving: the next roll
    removes what is older.
    """
    wanted = to_come = connections.replicas(service)
    old = compose.containers(service)
    while to_come:
        with connections.lend(service, together(service, to_come), deadline) as number:
            new = start(service, len(compose.containers(service)) + number, **tags)
            try:
                wait(new, min(time.monotonic() + PATIENCE, deadline))
            except NotWell:
                bury(new)
                raise
            if when_well:
                when_well()
            leaving, old = old[:number], old[number:]
            stop(service, leaving)
        to_come -= number
    stop(service, compose.containers(service)[:-wanted])


def together(service: str, number: int) -> int:
    """How many of so many may be new at the same time."""
    return min(number, NEW_AT_ONCE) if service in BEHIND_NGINX else number


def grow(service: str, wanted: int) -> None:
    """Add replicas until there are so many, the next when those before are well.

    Raise NotWell when some are not well in time, also of those that were there; they stay.
    """
    there = len(compose.containers(service))
    while True:
        there = min(wanted, there + together(service, wanted))
        start(service, there)
        wait(compose.containers(service), time.monotonic() + PATIENCE)
        if there == wanted:
            return


def start(service: str, number: int, **tags: str) -> list[Container]:
    """Add containers until there are so many, and start all; leave alone what runs.

    Those that cannot be started are removed: each later start would fail because of them.
    `up --no-deps` would leave what they depend on out of the sum by which `make up` knows that
    they are as they should be, and the next one would make all of them anew.
    """
    before = {one.id for one in compose.containers(service)}
    scale = ("--scale", f"{service}={number}")
    try:
        compose.compose("create", "--no-recreate", *scale, service, **tags)
        found = compose.containers(service)
        if idle := [one.name for one in found if one.status in ("created", "exited")]:
            compose.run("docker", "start", *idle)
    except Refused:
        bury([one for one in compose.containers(service) if one.status == "created"])
        raise
    return [one for one in found if one.id not in before]


def wait(replicas: list[Container], until: float) -> None:
    """Wait until all are well; raise NotWell when one keeps ending or the time is up.

    They are asked here, since Docker asks only every 30 s.
    """
    waiting = {one.id: one for one in replicas}
    while waiting:
        for one in compose.inspect(waiting):
            if one.restarts >= waiting[one.id].restarts + 3:
                raise NotWell(f"{one.name} of {one.image} keeps ending.")
            if one.status == "running" and is_well(one):
                del waiting[one.id]
        if waiting and time.monotonic() > until:
            names = ", ".join(one.name for one in waiting.values())
            raise NotWell(f"Not healthy in time: {names}.")
        if waiting:
            time.sleep(ASK_EVERY)


def is_well(replica: Container) -> bool:
    """Whether it answers now what Docker asks it from time to time."""
    try:
        compose.execute(replica, *replica.check)
    except Refused:
        return False
    return True


def stop(service: str, leaving: list[Container]) -> None:
    """Stop them with the time that each has to finish, and remove them.

    Those behind nginx go one after another, when it knows of those that came and went before:
    of the three replicas that it tries for a request, only one may be gone unknown to it.
    """
    batches = [[one] for one in leaving] if service in BEHIND_NGINX else [leaving]
    for batch in filter(None, batches):
        if service in BEHIND_NGINX:
            time.sleep(SEEN_AFTER)
        names = [one.name for one in batch]
        compose.run("docker", "stop", *names)
        compose.run("docker", "rm", "--volumes", *names)


def bury(failed: list[Container]) -> None:
    """Print what they wrote last, which goes with them, and remove them."""
    for one in failed:
        print(f"The last lines of {one.name}:\n{compose.last_lines(one, LAST_LINES)}", end="")
        compose.run("docker", "rm", "--force", "--volumes", one.name)
