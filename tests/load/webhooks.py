"""What it costs to take in a call of the gateway, and how soon it is answered and processed."""

import http.client
import itertools
import statistics
import time

from tests.load import arrivals, client, cpu, gateway, working
from tests.load.client import Failed, Request
from tests.load.compare import CLIENTS, REQUESTS, ROUNDS, WARM_UP, Figure, spread

BARE = "CREATE TABLE IF NOT EXISTS load_bare (id bigserial PRIMARY KEY, body text NOT NULL)"
FEW = 20
RATE, SECONDS = 100, 30


def webhooks(bench):
    """Intake against the least that keeps a call; then at a steady rate, with workers running."""
    gateway.number()
    _execute(BARE)
    contacts = itertools.count(1)
    # Each of another contact: each publishes. Few contacts: theirs have a nudge waiting.
    yield _ratio(bench, "one nudge each", 0.35, lambda: next(contacts))
    few = itertools.cycle(range(10_000_000, 10_000_000 + FEW))
    yield _ratio(bench, "nudges are waiting", 0.55, lambda: next(few))
    bench.forget_tasks()
    yield from _at_a_rate(bench, contacts)


def _ratio(bench, name, goal, contact):
    """By processor time, since the clients want their share of this machine too."""
    site, costs = bench.site, {"ours": [], "bare": []}
    meter = cpu.Meter(site.pid, site.database_url, site.redis)
    for number in (WARM_UP, *[REQUESTS] * ROUNDS):
        for kind, make in {"ours": gateway.call, "bare": _bare}.items():
            bodies = [gateway.message(contact(), gateway.new_id()) for _ in range(number)]
            requests = [make(body) for body in bodies]
            before = meter.seconds()
            rate = client.send_at_once(site.port, requests, CLIENTS)
            if number == REQUESTS:
                costs[kind].append((meter.seconds() - before) / number * 1000)
    ratios = [bare / ours for ours, bare in zip(*costs.values(), strict=True)]
    detail = " against ".join(spread(values, " ms") for values in costs.values())
    return Figure(
        f"webhook intake, {name}: calls for one bare insert and publish",
        statistics.median(ratios),
        goal,
        f"{detail} of CPU; ratio {spread(ratios)}; {rate:.0f}/s of bare ones at last",
        at_least=True,
    )


def _bare(body):
    return Request("/load/insert_and_publish/", "POST", {"Content-Type": "application/json"}, body)


def _at_a_rate(bench, contacts):
    from leads.models import WebhookEvent

    before, done = WebhookEvent.objects.count(), _processed().count()
    number = RATE * SECONDS + arrivals.WAITING
    bodies = [gateway.message(next(contacts), gateway.new_id()) for _ in range(number)]
    calls = iter([arrivals.Call(gateway.PATH, "POST", body) for body in bodies])
    with bench.serving(workers=2) as site, working.working(bench):
        began = time.monotonic()
        measured = arrivals.opened(lambda: Caller(site.port), calls, RATE, SECONDS)
        rate = (_processed().count() - done) / (time.monotonic() - began)
        accepted = WebhookEvent.objects.count() - before
        late = _late()
    if accepted != len(measured.durations):
        raise Failed(f"{accepted} rows of {len(measured.durations)} calls.")
    bench.forget_tasks()  # or whoever is measured next waits for them
    name = f"webhook, p99 in ms at {RATE}/s with the workers running"
    yield Figure(name, measured.quantile(0.99), 50, str(measured))
    detail = f"{rate:.0f}/s of these {RATE}/s were processed meanwhile"
    yield Figure("webhook, p99 in s until it is processed", late, 5, detail)


def _processed():
    from leads.models import WebhookEvent

    return WebhookEvent.objects.exclude(processed_at=None)


def _late():
    """How long all but one in a hundred of the calls waited for a worker."""
    from django.db.models import F

    waited = F("processed_at") - F("received_at")
    waits = _processed().order_by("-pk").values_list(waited, flat=True)
    times = sorted(wait.total_seconds() for wait in waits[: RATE * SECONDS // 2])
    if not times:
        raise Failed("Nothing was processed.")
    return times[int(len(times) * 0.99)]


class Caller:
    """A connection of the gateway, which signs each call when it makes it."""

    token = None

    def __init__(self, port):
        self.port = port

    def __enter__(self):
        address = ("127.0.0.1", self.port)
        self.connection = http.client.HTTPConnection(*address, timeout=client.TIMEOUT)
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method, path, body):
        self.connection.request(method, path, body=body, headers=gateway.headers(body))
        response = self.connection.getresponse()
        return response.status, response.read(), response.headers


def _execute(sql):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql)
