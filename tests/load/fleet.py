"""Measure a whole fleet of its own: `python -m tests.load.fleet [name…]`, with a Docker Engine."""

import argparse
import contextlib
import itertools
import json
import statistics
import tempfile
import time
from pathlib import Path

from fleet import compose
from tests.fleet.conftest import HOST, ROOT, eventually, free_port, has_engine, running
from tests.fleet.traffic import Client
from tests.load import cpu, delivery, report
from tests.load.arrivals import Call, closed, opened
from tests.load.client import Failed
from tests.load.compare import Figure, spread

LIMIT_SECONDS = 15 * 60
ROUNDS = 3
SECONDS = 3
LIST, ALIVE = Call("/api/v1/events/"), Call("/nginx-health")
# Answered by a replica that does next to nothing, so that the way to it shows.
EMPTY = Call("/liveness/")
# What .env.example gives each replica.
CHOSEN = 4


class Site:
    """The fleet, its settings, and what its parts cost."""

    def __init__(self, fleet):
        self.fleet, self.settings = fleet, {}
        self.plain = self._env.read_text("utf-8")

    @property
    def _env(self):
        return self.fleet.folder / ".env"

    def configure(self, **given):
        """Run with these settings and the defaults of the tests for all others."""
        given = {name: str(value) for name, value in given.items()}
        if given == self.settings:
            return
        lines = [line for line in self.plain.splitlines() if line.split("=")[0] not in given]
        lines += [f"{name}={value}" for name, value in given.items()]
        self._env.write_text("\n".join(lines) + "\n", "utf-8")
        self.fleet.make("up")
        self.settings = given
        eventually(self.fleet.is_healthy)

    def client(self):
        return self.fleet.client()

    def send(self, call, seconds=SECONDS, make_client=None):
        return closed(make_client or self.client, itertools.cycle([call]), seconds)

    def cost(self, call, *pids, make_client=None):
        """Milliseconds of processor time that the trees of these processes take for a call."""
        before = sum(map(cpu.of_tree, pids))
        measured = self.send(call, make_client=make_client)
        return (sum(map(cpu.of_tree, pids)) - before) * 1000 / len(measured.durations), measured

    def pids(self, service):
        return [self.fleet.host_pid(one) for one in self.fleet.containers(service)]


def microcache(site):
    """nginx' own time for the list that it keeps a second, against an answer of nginx itself."""
    site.configure(API_MICROCACHE="1s")
    [nginx] = site.pids("nginx")
    site.send(LIST, 1)
    costs = [[site.cost(call, nginx)[0] for call in (LIST, ALIVE)] for _ in range(ROUNDS)]
    yield ratio("list, microcache of 1 s / nginx `return 200`, CPU of nginx", 3, costs)


def plain(site):
    """The list through nginx, three replicas and the cache in Redis."""
    site.configure()
    site.send(LIST, 1)
    measured = site.send(LIST, 3 * SECONDS)
    mean = statistics.mean(measured.durations)
    yield Figure("list, requests per second", measured.rate, None, f"mean {mean:.3g}, {measured}")


def keepalive(site):
    """nginx and backends with connections that are kept between them, and without."""
    site.configure()
    backends, [nginx] = site.pids("backend"), site.pids("nginx")
    with without_keepalive(site.fleet) as (pid, make_client):
        ways = ((nginx, site.client), (pid, make_client))
        for what, call, goal in (("an empty answer", EMPTY, 0.75), ("list", LIST, None)):
            for _, make in ways:
                site.send(call, 1, make)
            costs = [
                [site.cost(call, pid, *backends, make_client=make)[0] for pid, make in ways]
                for _ in range(ROUNDS)
            ]
            yield ratio(f"{what}, upstreams kept / not, CPU of nginx and backends", goal, costs)


@contextlib.contextmanager
def without_keepalive(fleet):
    """A second nginx from the same template, that asks upstreams to close: (pid, make_client)."""
    text = (ROOT / "nginx/site.conf.template").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.strip().startswith("keepalive")]
    # Newer ones keep connections unless told otherwise.
    text = "\n".join(lines).replace('Connection ""', "Connection close") + "\n"
    template = fleet.folder / "nginx/without.conf.template"
    template.write_text(text, "utf-8")
    name, port = f"{fleet.project}-without", free_port()
    fleet.compose(
        *("run", "--detach", "--no-deps", "--name", name, "--publish", f"127.0.0.1:{port}:8443"),
        *("--volume", f"{template}:/etc/nginx/templates/site.conf.template:ro", "nginx"),
    )
    try:
        eventually(lambda: Client(("127.0.0.1", port), HOST).call("GET", "/health")[0])
        pid = json.loads(compose.run("docker", "inspect", name))[0]["State"]["Pid"]
        yield pid, lambda: Client(("127.0.0.1", port), HOST)
    finally:
        compose.run("docker", "rm", "--force", name)


def workers(site):
    """Processes of each web replica: the chosen number against the best of three."""
    rates = {}
    for number in (CHOSEN, 2, 1):
        site.configure(WEB_CONCURRENCY=number)
        site.send(LIST, 1)
        rates[number] = statistics.median(site.send(LIST).rate for _ in range(ROUNDS))
    detail = ", ".join(f"{number}: {rate:.3g}/s" for number, rate in rates.items())
    name = f"list, WEB_CONCURRENCY={CHOSEN} / the best of 1, 2, 4"
    yield Figure(name, rates[CHOSEN] / max(rates.values()), 0.9, detail, at_least=True)


def start(site):
    """From nothing but images and volumes to healthy."""
    site.configure()
    site.fleet.make("down")
    began = time.monotonic()
    site.fleet.make("up")
    eventually(site.fleet.is_healthy)
    yield Figure("`make up` to /health healthy, seconds", time.monotonic() - began, 60, "")


def arrival(site):
    """Half of what the fleet can take, at a fixed rate."""
    site.configure()
    crowd = json.loads(site.fleet.python(Path(__file__).with_name("crowd.py").read_text("utf-8")))
    for name, calls in routes(crowd).items():
        most = closed(site.client, calls, SECONDS).rate
        measured = opened(site.client, calls, most / 2, 2 * SECONDS)
        detail = f"of {most:.3g}/s at most; {measured}"
        yield Figure(f"{name} at half of its capacity, per second", most / 2, None, detail)


def routes(crowd):
    """Calls of each kind, none of which repeats one that has an effect."""
    api, meetings = "/api/v1/events", crowd["meetings"]
    people = list(enumerate(crowd["tokens"]))
    organizer = crowd["tokens"][0]
    password = crowd["password"]
    return {
        "list": itertools.cycle([LIST]),
        "detail": itertools.cycle([Call(f"{api}/{event}/") for event in meetings]),
        "join": iter(
            [
                Call(f"{api}/{meetings[number % len(meetings)]}/join/", "POST", token=token)
                for number, token in people
            ]
        ),
        "check-in": iter(
            [
                Call(f"{api}/{event}/check_in/", "POST", scan(ticket), organizer)
                for event, ticket in crowd["seats"]
            ]
        ),
        "login": itertools.cycle(
            [
                Call("/api/v1/token/", "POST", {"email": email, "password": password})
                for email in crowd["emails"]
            ]
        ),
    }


def scan(ticket):
    return {"ticket_code": ticket, "nonce": ticket}


def celery(_):
    """A task that does nothing, two processes: our delivery against a bare app."""
    with delivery.working("ours") as mine, delivery.working("bare") as theirs:
        queues = {"ours": mine, "bare": theirs}
        for name, queue in queues.items():
            delivery.measure(name, queue, 100)
        rounds = [
            [delivery.measure(name, queue) for name, queue in queues.items()] for _ in range(ROUNDS)
        ]
    for place, what in enumerate(("enqueued", "tasks")):
        pairs = [(ours[place], bare[place]) for ours, bare in rounds]
        name = f"Celery, {what} per second, ours / bare"
        yield ratio(name, 0.7, pairs, unit="/s", at_least=True)


def ratio(name, goal, pairs, *, unit=" ms", at_least=False):
    """Compare pairs that were measured in turns."""
    ratios = [ours / theirs for ours, theirs in pairs]
    detail = " against ".join(spread(values, unit) for values in zip(*pairs, strict=True))
    detail = f"{detail}; ratio {spread(ratios)}"
    return Figure(name, statistics.median(ratios), goal, detail, at_least=at_least)


# What needs no fleet comes before one starts and takes the names of servers out of the environment.
ALL = {
    function.__name__: function
    for function in (celery, plain, keepalive, arrival, start, microcache, workers)
}


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.load.fleet", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(ALL))
    given = parser.parse_args().names
    if unknown := set(given) - set(ALL):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    names = [name for name in ALL if not given or name in given]
    if not has_engine():
        raise Failed("This needs a Docker Engine.")
    report.begin(LIMIT_SECONDS)
    with contextlib.ExitStack() as stack:
        site = None
        for name in names:
            if name != "celery" and site is None:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                site = Site(stack.enter_context(running(Path(folder))))
            for figure in ALL[name](site):
                report.say(f"{figure}\n")


if __name__ == "__main__":
    main()
