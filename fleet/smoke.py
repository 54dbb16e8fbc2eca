"""Whether the site works, from outside: health, documentation, the chat, one event joined."""

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fleet import compose
from fleet.refusal import Refused
from fleet.site import Site

PATIENCE = 30  # seconds


@contextmanager
def _as_expected() -> Iterator[None]:
    """An answer that lacks something is a failure like any other: a deploy takes it back."""
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise Refused(f"An answer has another shape than expected: {error!r}.") from error


def smoke(url: str) -> None:
    """Check the site at `url`: as SMOKE_EMAIL, or as somebody made for it in this fleet."""
    if url and "SMOKE_EMAIL" in os.environ:
        walk(Site(url), os.environ["SMOKE_EMAIL"], os.environ.get("SMOKE_PASSWORD", ""))
    else:
        own_fleet(url)


@_as_expected()
def own_fleet(url: str = "") -> None:
    """Check this fleet, with a volunteer and an event that are there only for as long."""
    settings = compose.config()
    site = Site(url) if url else own_site(settings)
    backends = compose.containers("backend")
    if not backends:
        raise Refused("No backend runs: `make up` first.")
    backend = backends[-1]
    said = compose.manage(backend, "smoke", "begin").splitlines()
    # Lines of its log may stand before and after.
    made = json.loads([line for line in said if line.startswith('{"email"')][0])
    try:
        walk(site, made["email"], made["password"], made["event"])
    finally:
        compose.manage(backend, "smoke", "end")


def own_url(settings: dict[str, Any]) -> str:
    return f"https://{domain(settings)}"


def domain(settings: dict[str, Any]) -> str:
    return str(settings["services"]["nginx"]["environment"]["DOMAIN"])


def own_site(settings: dict[str, Any]) -> Site:
    """The site by TLS, or as the proxies reach it that see to TLS in front of us."""
    if leaves_tls_to_proxies():
        return Site(f"http://{domain(settings)}", _address(settings, 8080))
    return Site(own_url(settings), _address(settings, 8443))


def leaves_tls_to_proxies() -> bool:
    """Whether nginx/lists.sh found it so at its start."""
    redirect = "/etc/nginx/generated/redirect.conf"
    said = [
        compose.execute(one, "sh", "-c", f"[ -s {redirect} ] || echo plain")
        for one in compose.containers("nginx")
    ]
    return any(map(str.strip, said))


def _address(settings: dict[str, Any], target: int) -> tuple[str, int]:
    ports = settings["services"]["nginx"]["ports"]
    port = next(one for one in ports if one["target"] == target)
    host = port.get("host_ip", "0.0.0.0")  # noqa: S104
    return ("127.0.0.1" if host == "0.0.0.0" else host, int(port["published"]))  # noqa: S104


@_as_expected()
def walk(site: Site, email: str, password: str, event: int | None = None) -> None:
    """Raise Refused at the first thing that is not as it should be."""
    _health(site)
    _expect(site.call("GET", "/docs"), "/docs")
    _chat(site)
    token = _expect(
        site.call("POST", "/api/v1/token/", {"email": email, "password": password}), "a token"
    )["access"]
    headers = {"Authorization": f"Bearer {token}"}
    event = event or _open_event(site)
    path = f"/api/v1/events/{event}"
    key = {"Idempotency-Key": secrets.token_hex(16)}
    _expect(site.call("POST", f"{path}/join/", {}, **headers, **key), "joining an event", 201)
    _expect(site.call("POST", f"{path}/leave/", {}, **headers), "leaving it")
    print(f"Smoke: {site.netloc} works.")


def _chat(site: Site) -> None:
    """An empty message is greeted, as a stream."""
    said = _expect(site.call("POST", "/chat", {}), "the chat")
    events = [line.removeprefix("event: ") for line in said.splitlines() if "event: " in line]
    if events != ["session", "token", "done"]:
        raise Refused(f"The chat greets with {events}.")


def _health(site: Site) -> None:
    """Wait until all is up: what was asked for the first time may have been slow to answer."""
    until = time.monotonic() + PATIENCE
    while complaint := _complaint(site):
        if time.monotonic() > until:
            raise Refused(complaint)
        time.sleep(1)


def _complaint(site: Site) -> str:
    status, body = site.call("GET", "/health")
    if not isinstance(body, dict):
        return f"/health answers {status} and no JSON."
    services = body.get("services", {}).items()
    ill = [
        f"{name} {one['status']} {one['error']}" for name, one in services if one["status"] != "up"
    ]
    if status == 200 and services and not ill:
        return ""
    return f"/health answers {status}, {body.get('status')}: {', '.join(ill)}."


def _open_event(site: Site) -> int:
    """One that whoever has an account may join."""
    found = _expect(
        site.call("GET", "/api/v1/events/?has_seats=true&page_size=100"), "the list of events"
    )
    for one in found["results"]:
        if not (one["min_age"] or one["waiver_version"]):
            return int(one["id"])
    raise Refused("There is no event with a seat left that anybody may join.")


def _expect(answer: tuple[int, Any], what: str, wanted: int = 200) -> Any:
    status, body = answer
    if status != wanted:
        raise Refused(f"{what}: {status} instead of {wanted}. {str(body)[:300]}")
    return body
