"""A restore drill: what was kept comes back, and nothing else is overwritten by mistake."""

import re

from fleet import compose
from tests.fleet import mails

TOTALS = """
SELECT (SELECT count(*) FROM users_user), (SELECT count(*) FROM events_event),
    (SELECT count(*) FROM events_eventparticipant), (SELECT count(*) FROM users_contribution),
    (SELECT COALESCE(sum(amount), 0) FROM users_contribution)
"""


def test_what_was_kept_comes_back_and_what_waits_is_queued_again(fleet):
    fleet.compose("stop", "beat")
    mails.write(fleet, "restored", 5, queued=False)
    before = fleet.sql(TOTALS)
    said = fleet.make("backup-db")
    name = re.search(r"[\w.-]+\.tar\.gz", said)[0]
    fleet.sql("UPDATE events_event SET title = 'lost'")

    refused = fleet.make("restore-db", FILE=name, fails=True)
    assert "FORCE=1" in refused
    assert fleet.sql("SELECT count(*) FROM events_event WHERE title = 'lost'") != "0"
    fleet.make("restore-db", FILE=name, FORCE=1)

    assert fleet.sql(TOTALS) == before
    assert fleet.sql("SELECT count(*) FROM events_event WHERE title = 'lost'") == "0"
    mails.grow_old(fleet)
    mails.wait(fleet, "restored", 5)


def test_damaged_archive_is_refused_before_anything_stops(fleet):
    said = fleet.make("backup-db")
    name = re.search(r"[\w.-]+\.tar\.gz", said)[0]
    worker = fleet.containers("worker")[0]
    compose.execute(
        worker, "sh", "-c", f"head -c 5000 /srv/backups/{name} > /srv/backups/cut.tar.gz"
    )
    started = [one.started_at for one in fleet.containers("backend")]

    fleet.make("restore-db", FILE="cut.tar.gz", FORCE=1, fails=True)

    assert [one.started_at for one in fleet.containers("backend")] == started
