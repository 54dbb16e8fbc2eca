"""The report of a month over a ledger of a million lines, made in a process of its own."""

import os
import subprocess
import sys
import time

from tests.load import client
from tests.load.compare import Figure

# Everyone who has a place came, and each report says 10 kg and up.
FILL = """
INSERT INTO users_contribution
    (user_id, kind, amount, category, source, reason, happened_at, recorded_at)
SELECT place.user_id, 'hours', 1 + place.id % 300 / 100.0, 'load',
    'event:' || place.event_id || ':user:' || place.user_id || ':1', '', event.starts_at, now()
FROM events_eventparticipant place JOIN events_event event ON event.id = place.event_id;
INSERT INTO events_eventreport
    (event_id, status, summary, return_reason, version, processed_version, created_at)
SELECT id, 'approved', '', '', 1, 1, now() FROM events_event
WHERE status IN ('finished', 'archived');
INSERT INTO events_reportfigure (report_id, kind, amount, attributed)
SELECT id, unnest(ARRAY['waste', 'area']), 10 + id % 90, 0 FROM events_eventreport
"""
MAKE = """
import django, resource, time
django.setup()
from events import services
from events.models import ImpactReport
began = time.perf_counter()
services.generate_monthly_report()
seconds = time.perf_counter() - began
kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
figures = ImpactReport.objects.get().figures
print(seconds, kilobytes / 1024, figures["events"], figures["visits"])
"""


def monthly(bench):
    """The report of last month: how long it takes, and how much memory its process holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(FILL)
        cursor.execute("VACUUM (ANALYZE)")
        cursor.execute("SELECT count(*) FROM users_contribution")
        (lines,) = cursor.fetchone()
    done = subprocess.run(
        [sys.executable, "-c", MAKE], env=os.environ, check=True, capture_output=True, text=True
    )
    seconds, megabytes, events, visits = map(float, done.stdout.split())
    detail = f"{lines:,} lines of the ledger; {events:,.0f} events and {visits:,.0f} visits in it"
    yield Figure("monthly report, seconds", seconds, 30, detail)
    yield Figure("monthly report, MB of its process", megabytes, 300, "with Django and the PDF")
    asked = [_ask(bench, query) for query in ("", "?from=2026-01-01", "?city=Recife")]
    detail = ", ".join(f"{one:.0f}" for one in asked) + " ms: all, a year, a city"
    yield Figure("/events/impact/ that is not kept, seconds", max(asked) / 1000, None, detail)


def _ask(bench, query):
    began = time.perf_counter()
    if client.get(bench.site.port, f"/api/v1/events/impact/{query}")[0] != 200:
        raise client.Failed("the impact was refused.")
    return (time.perf_counter() - began) * 1000
