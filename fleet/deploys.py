"""Bring out a version and take it back."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from fleet import capacity, compose, rolling, smoke, state
from fleet.compose import Container
from fleet.refusal import Refused

ATTEMPTS = 3
LONGEST = 300  # seconds until a version that does not come up is taken back


def deploy(tag: str, service: str = "") -> None:
    """Migrate, replace the backends and beside them the rest; take back what fails, and say so.

    Migrations are compatible with the version before, so going back needs none. The tag is noted
    at the end: killed before, `make up` and the next deploy start from the version before.
    """
    services = _services(service)
    _check_image(tag, services)
    before = _noted(services)
    _check_names(before)
    print(f"Deploying {tag} of {', '.join(services)}.")
    try:
        _prepare(TAG=tag)
        _replace(services, tag)
        smoke.own_fleet()
    except Refused as reason:
        print(f"{reason}\n{tag} is taken back.")
        _take_back(before)
        raise Refused(f"{tag} was not deployed: {before[services[0]]} runs again.") from reason
    _note(tag, service)
    print(f"{tag} runs.")
    tell_of_nginx()


def rollback() -> None:
    """Bring back the version before and its static files, but no migration: they only ever add.

    Services that were deployed by themselves go back to the version of the others.
    """
    noted = state.read()
    alone = [name for name, variable in compose.TAGS.items() if variable in noted]
    previous = state.tag() if alone else noted.get("PREVIOUS_TAG")
    if not previous:
        raise Refused("No version before is known: nothing was deployed yet.")
    services = alone or list(compose.TAGS)
    _check_image(previous, services)
    _replace(services, previous)
    _note(previous)
    print(f"{previous} of {', '.join(services)} runs.")
    _prepare()


def restart_backends() -> None:
    """Let one gunicorn after another replace its processes; none ever stops to listen."""
    for container in compose.containers("backend"):
        _wait(container)  # while it loads, the signal would end it
        # Not `docker kill`, after which Docker would not restart it any more.
        compose.execute(container, "sh", "-c", "kill -HUP 1")
        time.sleep(1)  # the old processes are told
        _wait(container)
    print("All backends replace their processes.")


def _wait(container: Container) -> None:
    rolling.wait([container], time.monotonic() + rolling.PATIENCE)


def tell_of_nginx() -> None:
    """Say so when it runs with other files than those here: no deploy starts it anew."""
    label = '{{index .Config.Labels "mutirao.nginx-files"}}'
    for one in compose.containers("nginx"):
        runs_with = compose.run("docker", "inspect", "--format", label, one.name).strip()
        if runs_with != compose.nginx_files():
            print("nginx/ holds other files than nginx runs with: `make up` starts it anew.")


def _services(service: str) -> list[str]:
    if service and service not in compose.TAGS:
        raise Refused(f"SERVICE must be one of {', '.join(compose.TAGS)}; it is {service!r}.")
    return [service] if service else list(compose.TAGS)


def _check_image(tag: str, services: Sequence[str]) -> None:
    if not tag:
        raise Refused("TAG is missing: which version, as in TAG=1.4.0?")
    settings = compose.config(TAG=tag, **{compose.TAGS[name]: tag for name in services})
    for image in {settings["services"][name]["image"] for name in (*services, "prepare")}:
        try:
            compose.run("docker", "image", "inspect", image)
        except Refused:
            raise Refused(f"There is no image {image}: `make build TAG={tag}` first.") from None


def _check_names(before: Mapping[str, str]) -> None:
    """Refuse when what runs has lost its name to a newer image: it could not be taken back."""
    for service, noted in before.items():
        for one in compose.containers(service):
            image = compose.run("docker", "image", "inspect", "--format", "{{.Id}}", one.image)
            if one.tag == noted and one.image_id != image.strip():
                raise Refused(
                    f"{noted} was built again while it runs, so it could not be taken back. "
                    "Give the new one a name of its own, as in `make build TAG=1.4.0`, and the "
                    f"running one its name back: `docker tag {one.image_id} {one.image}`."
                )


def _noted(services: Sequence[str]) -> dict[str, str]:
    """The tag that each service should have: what a killed deploy left may be another."""
    missing = [name for name in services if not compose.containers(name)]
    if missing:
        raise Refused(f"{', '.join(missing)} does not run: `make up` first.")
    settings = compose.config()
    return {name: settings["services"][name]["image"].rsplit(":", 1)[1] for name in services}


def _prepare(**variables: str) -> None:
    """Schema, schedules and static files of the noted version or of the one given by TAG.

    An older one finds nothing to migrate: Django leaves migrations alone that it does not know.
    """
    compose.compose("run", "--rm", "--no-deps", "prepare", **variables)


def _replace(services: Sequence[str], tag: str) -> None:
    """The first one, and all others as soon as replicas of it are well: they tell most of it."""
    first, *others = services
    end = time.monotonic() + LONGEST
    connections = capacity.Connections(compose.config())
    begun: list[Future[None]] = []

    def go_on() -> None:
        if not begun:
            begun.extend(pool.submit(_try, name, tag, end, connections) for name in others)

    # Left when all have ended: what is half done could not be taken back.
    with ThreadPoolExecutor(len(services)) as pool:
        _try(first, tag, end, connections, when_well=go_on)
        go_on()  # also if there are none of it
    for one in begun:
        one.result()


def _try(
    name: str,
    tag: str,
    end: float,
    connections: capacity.Connections,
    *,
    when_well: Callable[[], None] | None = None,
) -> None:
    tags = {compose.TAGS[name]: tag}
    for attempt in range(1, ATTEMPTS + 1):
        try:
            rolling.roll(name, tags, deadline=end, connections=connections, when_well=when_well)
        except rolling.NotWell as reason:
            print(f"Attempt {attempt} of {ATTEMPTS}: {reason}")
            if attempt == ATTEMPTS or time.monotonic() > end:
                raise
        else:
            print(f"{name}: {tag}")
            return


def _take_back(before: dict[str, str]) -> None:
    """Give each service its version back, where it changed."""
    connections = capacity.Connections(compose.config())
    for name, tag in before.items():
        end = time.monotonic() + LONGEST
        if any(one.tag != tag for one in compose.containers(name)):
            rolling.roll(name, {compose.TAGS[name]: tag}, deadline=end, connections=connections)
    _prepare()


def _note(tag: str, service: str = "") -> None:
    """Record what runs: for one service beside the others, or for all."""
    if service:
        state.write({compose.TAGS[service]: tag if tag != state.tag() else None})
        return
    current = state.tag()
    previous = {"PREVIOUS_TAG": current} if current != tag else {}
    state.write({**dict.fromkeys(compose.TAGS.values()), **previous, "TAG": tag})
    # Made by the next `make up`, it would have Compose make all anew that wait for it.
    compose.compose("rm", "--force", "prepare")
    compose.compose("create", "--no-recreate", "prepare")
