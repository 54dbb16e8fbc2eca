"""What staff wait for: the first page of the admin, and a table of people."""

import statistics
import time

from tests.load import client
from tests.load.client import Request
from tests.load.compare import Figure

LINES = 1_000_000
LEDGER = """
INSERT INTO users_contribution (user_id, kind, amount, source, reason, happened_at, recorded_at)
SELECT (SELECT min(id) FROM users_user) + n * 31 % 50000,
    (ARRAY['hours', 'waste', 'seedlings', 'area'])[1 + n % 4], 1 + n % 9, 'load:' || n, '',
    now() - n % 730 * interval '1 day', now()
FROM generate_series(1, %s) n
"""


def dashboard(bench):
    """The first page of the admin over 50,000 people and 1,000,000 lines of the ledger."""
    from django.db import connection

    from config import totals
    from events.management.commands import generate_load

    generate_load.execute(LEDGER.replace("n %", "n %%").replace("31 %", "31 %%"), [LINES])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) users_contribution")
    began = time.perf_counter()
    totals.count()
    counted = time.perf_counter() - began
    page = Request("/admin/", headers={"Cookie": f"sessionid={_session()}"})
    client.send(bench.site.port, [page] * 10)
    durations = [1000 * one for one in client.send(bench.site.port, [page] * 200)]
    p95 = statistics.quantiles(durations, n=20)[-1]
    detail = f"median {statistics.median(durations):.3g} ms; the hourly count takes {counted:.2g} s"
    yield Figure("dashboard, p95 in ms", p95, 300, detail)


def people_import(bench):
    """A table of 10,000 people, from the upload to the last account, as one worker does it."""
    from users import services, tasks
    from users.models import User, UserImport

    lines = [[f"imported{n}@example.org", "Pessoa", "11987654321"] for n in range(10_000)]
    by = User.objects.order_by("pk").first()
    tasks.run_user_import.delay_on_commit = lambda pk: None
    began = time.perf_counter()
    row = services.begin_import("people.csv", [["email", "first_name", "phone"], *lines], by=by)
    _work(row)
    services.confirm_import(row)
    _work(row)
    seconds = time.perf_counter() - began
    made = UserImport.objects.get(pk=row.pk).new_count
    yield Figure("import of 10,000 people, seconds", seconds, 60, f"{made} made, in both passes")


def _work(row):
    from users import services
    from users.models import UserImport

    while UserImport.objects.working().filter(pk=row.pk).exists():
        services.run_import(row.pk)


def _session():
    from django.test import Client

    from users.models import User

    boss = User.objects.create_superuser("boss@example.org", "a long password for this")
    browser = Client()
    browser.force_login(boss)
    return browser.cookies["sessionid"].value
