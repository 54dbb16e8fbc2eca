"""Every figure of docs/performance.md; each function yields its lines."""

import json
import random
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from geographiclib.geodesic import Geodesic

from tests.load import client, server, staff
from tests.load.badges import badges
from tests.load.client import Request
from tests.load.compare import Figure, cpu_ratio, spread, time_ratio
from tests.load.monthly import monthly
from tests.load.pictures import photos
from tests.load.vectors import vectors

RANDOM = random.Random(2)
TIMES = 40
HEAVY = """
import config.wsgi, config.urls, sys
print(*{"numpy", "av", "matplotlib"} & {*sys.modules})
"""


def listing(bench):
    """The list of 20, count left out, against the same JSON made by the database."""
    site = bench.site
    ours, reference = Request("/load/list/"), Request("/load/list_by_database/")
    made, by_database = (json.loads(client.get(site.port, r.path)[1]) for r in (ours, reference))
    if made != by_database:
        raise client.Failed("The list and its reference are not the same JSON.")
    yield cpu_ratio("list of 20, computed / json_agg", 2.0, site, ours, reference)
    usual = Request("/load/list_by_serializer/")
    yield cpu_ratio("the same by ModelSerializer / json_agg", None, site, usual, reference)
    missed = Request("/load/list_miss/")
    yield cpu_ratio(
        "list after a change, through the cache / json_agg", None, site, missed, reference
    )


def cached(bench):
    """The cached list against an empty view behind the same middleware."""
    ours = Request("/api/v1/events/")
    yield cpu_ratio("cached list / empty view", 2.2, bench.site, ours, Request("/load/empty/"))
    api = Request("/load/empty_api/")
    yield cpu_ratio("cached list / empty APIView", None, bench.site, ours, api)


def token(bench):
    """A request with a token against the same without."""
    ours = Request("/load/token/", headers=bench.tokens(1)[0])
    reference = Request("/load/empty_api/")
    yield cpu_ratio("APIView with a token / anonymous", 2.0, bench.site, ours, reference)


def pages(bench):
    """A far page against the first, without the cache."""
    ours, reference = Request("/load/list/?page=1000"), Request("/load/list/?page=1")
    yield cpu_ratio("page 1,000 / page 1", 2.0, bench.site, ours, reference)


def scale(bench):
    """The same requests to 100,000 and to 1,000 events."""
    for name, path in {
        "list, computed": "/load/list/",
        "detail": "/api/v1/events/{event}/",
        "nearby": "/api/v1/events/nearby/?lat=-15.8&lng=-47.9&radius_km=50",
        "my_events": "/api/v1/events/my_events/",
    }.items():
        ours = _median_of(bench, bench.site, path)
        reference = _median_of(bench, bench.small_site, path)
        yield time_ratio(f"{name}: 100,000 / 1,000 events", 1.5, ours, reference)


def _median_of(bench, site, path):
    requests = [
        Request(path.format(event=event), headers=headers)
        for event, headers in zip(site.events(TIMES), bench.tokens(TIMES, site), strict=True)
    ]
    return lambda: client.median_ms(client.send(site.port, requests))


def nearby(bench):
    """Searching around a place against measuring the way to every event."""
    yield from _nearby("uniform", goals={10: 1 / 50, 50: 1 / 30})
    bench.move_into_cities()
    yield from _nearby("clustered", goals={10: None, 50: None})


def _nearby(kind, goals):
    from events.models import Event

    open_events = Event.objects.published().upcoming()
    places = list(open_events.values_list("latitude", "longitude").order_by("?")[:TIMES])
    for radius, goal in goals.items():
        yield _search_against_scan(f"nearby {radius} km, {kind} / full scan", goal, places, radius)


def _search_against_scan(name, goal, places, radius):
    searches = [_search(*place, radius) for place in places]
    scans = [_full_scan(*place, radius) for place in places[:5]]
    figure = time_ratio(
        name,
        goal,
        lambda: statistics.median(map(_sql_ms, searches)),
        lambda: statistics.median(map(_sql_ms, scans)),
    )
    found = [_check_distances(*place, radius) for place in places]
    sequential = sum(
        "Seq Scan" in json.dumps(_explain(search, "FORMAT JSON")) for search in searches
    )
    figure.detail += f"; {statistics.median(found):g} found, {sequential} sequential scans"
    return figure


def _search(latitude, longitude, radius):
    from events.models import Event

    return Event.objects.published().upcoming().nearby(latitude, longitude, radius)


def _full_scan(latitude, longitude, radius):
    from events import geo
    from events.models import Event

    distance = geo.distance_km(latitude, longitude)
    measured = Event.objects.published().upcoming().annotate(distance_km=distance)
    return measured.filter(distance_km__lte=radius).order_by("distance_km", "pk")


def _check_distances(latitude, longitude, radius):
    events = list(_search(latitude, longitude, radius))
    for event in events:
        there = Geodesic.WGS84.Inverse(latitude, longitude, event.latitude, event.longitude)
        true = there["s12"] / 1000
        if abs(event.distance_km - true) > 0.006 * true + 0.001:
            raise client.Failed(f"{event}: {event.distance_km} km instead of {true} km")
    return len(events)


def _explain(events, options):
    from django.db import connection

    sql, parameters = events[:20].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ({options}) {sql}", parameters)
        return cursor.fetchone()[0][0]


def _sql_ms(events):
    return _explain(events, "ANALYZE, TIMING OFF, FORMAT JSON")["Execution Time"]


def joins(bench):
    """Joining one hot event against joining a thousand, each time by someone else."""
    from django.db.models import F
    from django.utils import timezone

    from events.models import Event

    number, rounds, clients = 400, 3, 8
    start = timezone.now() + timedelta(days=30)
    free = {"capacity": 100_000, "starts_at": start, "ends_at": start + timedelta(hours=2)}
    events = list(Event.objects.published().upcoming().order_by("pk")[: 1000 + rounds])
    Event.objects.filter(pk__in=[event.pk for event in events]).update(min_age=None, **free)
    headers = bench.newcomers(2 * number * rounds)
    with bench.serving(workers=2) as site:
        rates = {"hot": [], "spread": []}
        for hot in events[:rounds]:
            targets = {
                "hot": [hot] * number,
                "spread": RANDOM.choices(events[rounds:], k=number),
            }
            for kind, chosen in targets.items():
                requests = [
                    Request(f"/api/v1/events/{event.pk}/join/", "POST", headers.pop())
                    for event in chosen
                ]
                rates[kind].append(client.send_at_once(site.port, requests, clients))
    bench.forget_tasks()
    wrong = Event.objects.filter(seats_taken__gt=F("capacity")).count()
    ratios = [hot / spread for hot, spread in zip(*rates.values(), strict=True)]
    detail = " against ".join(spread(values, " joins/s") for values in rates.values())
    yield Figure(
        "joins of one event / of 1,000",
        statistics.median(ratios),
        0.5,
        f"{detail}; ratio {spread(ratios)}; {wrong} over-booked",
        at_least=True,
    )


def stampede(bench):
    """How often the list is computed when it expires under 100 clients."""
    from tests.load.urls import COMPUTED

    expiries, clients, each = 20, 100, 3
    with bench.serving(workers=2) as site, ThreadPoolExecutor(clients) as people:
        client.get(site.port, "/load/list_counted/")
        bench.cache.delete(COMPUTED)
        for _ in range(expiries):
            together = Barrier(clients)
            for key in bench.cache.scan_iter("mutirao:events:facts:*"):
                bench.cache.delete(key)
            list(people.map(lambda _, b=together: _ask(site.port, b, each), range(clients)))
        computed = int(bench.cache.get(COMPUTED))
    detail = f"{computed} computed for {expiries} expiries, {clients} clients, 2 processes"
    yield Figure("list computed per expiry", computed / expiries, 1.2, detail)


def _ask(port, together, each):
    together.wait()
    client.send(port, [Request("/load/list_counted/")] * each)


def startup(bench):
    """What starting costs, and what a web process holds."""
    times = [server.manage(bench.database_url, "check") for _ in range(5)]
    yield Figure("manage.py check, seconds", statistics.median(times), 2.5, spread(times, " s"))
    command = [sys.executable, "-c", HEAVY]
    found = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    yield Figure("of numpy, av, matplotlib in a web process", len(found), 0, ", ".join(found))


def generate(bench):
    """How long it takes to make what all this is measured with."""
    detail = "100,000 events, 50,000 people, 1,000,000 participations"
    yield Figure("generate_load, seconds", bench.generated_in, 120, detail)


ALL = {
    function.__name__: function
    for function in (
        generate,
        listing,
        cached,
        token,
        pages,
        scale,
        nearby,
        stampede,
        startup,
        joins,
        photos,
        staff.dashboard,
        staff.people_import,
        monthly,
        badges,
        vectors,
    )
}
