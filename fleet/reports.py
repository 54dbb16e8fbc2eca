"""What runs, how it is, and what it uses."""

import json
from typing import Any

from fleet import compose, rolling, smoke, state
from fleet.refusal import Refused


def status() -> None:
    """One line for each container: service, version, state, health."""
    for service in compose.config()["services"]:
        for one in compose.containers(service):
            print(f"{one.name:32}{one.tag:12}{one.status:12}{one.health:12}restarts {one.restarts}")


def info() -> None:
    """Versions, replicas, what each container uses, and the addresses."""
    settings = compose.config()
    print(f"Tag {state.tag()}, before it {state.read().get('PREVIOUS_TAG', 'none')}.")
    for service, number in _numbers(settings).items():
        print(f"{service}: {number}")
    usage = _usage(settings)
    print(f"\n{'container':32}{'CPU':>8}{'memory':>24}{'disk':>28}")
    for name, (cpu, memory, disk) in sorted(usage.items()):
        print(f"{name:32}{cpu:>8}{memory:>24}{disk:>28}")
    url = smoke.own_url(settings)
    ops = next(one for one in settings["services"]["nginx"]["ports"] if one["target"] == 8081)
    print(f"\nSite {url}/  staff {url}/admin/  API {url}/docs")
    print(f"On this host only: http://127.0.0.1:{ops['published']}/nginx_status")


def health() -> None:
    """What /health says of each dependency, and Docker of each container; Refused when ill."""
    settings = compose.config()
    code, body = smoke.own_site(settings).call("GET", "/health")
    print(f"{code} {body['status'] if isinstance(body, dict) else body}")
    for name, one in body["services"].items() if isinstance(body, dict) else ():
        print(f"  {name:16}{one['status']:10}{one['response_time']} ms {one['error'] or ''}")
    ill = [
        one.name
        for service in settings["services"]
        for one in compose.containers(service)
        if one.health == "unhealthy" or one.status in ("restarting", "dead")
    ]
    if ill or code != 200:
        raise Refused(f"Not healthy: {', '.join(ill) or 'see above'}.")


def celery_status() -> None:
    """Workers, queues with length and age, tasks, beat's last tick."""
    worker = compose.containers("worker")
    if not worker:
        raise Refused("No worker runs: `make up` first.")
    print(compose.manage(worker[0], "celery_status"), end="")
    for one in compose.containers("beat"):
        print(f"{one.name}: {'ticks' if rolling.is_well(one) else 'gives no sign of life'}.")


def _numbers(settings: dict[str, Any]) -> dict[str, str]:
    found = {name: compose.containers(name) for name in settings["services"]}
    return {
        name: f"{len(all_)} × {', '.join(sorted({one.image for one in all_}))}"
        for name, all_ in found.items()
        if all_
    }


def _usage(settings: dict[str, Any]) -> dict[str, tuple[str, str, str]]:
    """Of each container: CPU, memory and its limit, what it wrote beside volumes."""
    project = f"label=com.docker.compose.project={settings['name']}"
    sizes = _rows("docker", "ps", "--size", "--filter", project, "--format", "{{json .}}")
    disks = {one["Names"]: one["Size"] for one in sizes}
    if not disks:
        return {}  # Docker would tell of all other containers
    used = _rows("docker", "stats", "--no-stream", "--format", "{{json .}}", *disks)
    return {one["Name"]: (one["CPUPerc"], one["MemUsage"], disks[one["Name"]]) for one in used}


def _rows(*command: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in compose.run(*command).splitlines()]
