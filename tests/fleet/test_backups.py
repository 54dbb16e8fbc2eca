"""A restore drill: what was kept comes back, and nothing else is overwritten by mistake."""

import io
import json
import re
import tarfile

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


def test_restore_that_fails_midway_leaves_all_as_it_was(fleet, tmp_path):
    """It is whole, but does not hold what it says: that shows when it is loaded and counted."""
    name = re.search(r"[\w.-]+\.tar\.gz", fleet.make("backup-db"))[0]
    kept, lying = tmp_path / name, tmp_path / "lying.tar.gz"
    worker = fleet.containers("worker")[0]
    compose.run("docker", "cp", f"{worker.name}:/srv/backups/{name}", str(kept))
    with tarfile.open(kept) as before, tarfile.open(lying, "w:gz") as after:
        for member in before:
            content = before.extractfile(member).read()
            if member.name == "manifest.json":
                manifest = json.loads(content)
                manifest["rows"]["users_user"] += 1
                content = json.dumps(manifest).encode()
                member.size = len(content)
            after.addfile(member, io.BytesIO(content))
    lying.chmod(0o644)
    totals = fleet.sql(TOTALS)

    said = fleet.make("restore-db", FILE=lying, FORCE=1, fails=True)

    assert "not what was kept" in said
    assert "All is started again." in said
    assert fleet.is_healthy()
    assert fleet.sql(TOTALS) == totals
