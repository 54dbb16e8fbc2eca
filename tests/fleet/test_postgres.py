"""The database stops, crashes or waits for a lock."""

import signal
import subprocess
import time

from tests.fleet.conftest import eventually
from tests.fleet.traffic import is_failed

MIGRATION = """
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("users", "{last}")]
    operations = [
        migrations.AddField("user", "memo", models.CharField(max_length=9, db_default="")),
    ]
"""


def test_stopped_database_is_a_503_and_recovery_needs_no_restart(fleet):
    lives = fleet.lives()
    client, token = fleet.client(), fleet.token()
    answers = []
    with fleet.traffic(readers=4, writers=2) as record:
        eventually(lambda: len(record.answers) > 50)
        fleet.compose("stop", "postgres")
        began = time.monotonic()
        while time.monotonic() - began < 20:
            asked = time.monotonic()
            status, body, headers = fleet.client(token).call("GET", "/api/v1/users/profile/")
            answers.append((status, headers.get("Retry-After"), time.monotonic() - asked))
            time.sleep(0.3)  # a client that is patient
        fleet.compose("start", "postgres")
        seen = record.statuses("POST")[201]
        eventually(lambda: record.statuses("POST")[201] > seen + 20, 30)

    assert set(record.failed("GET")) | set(record.failed("POST")) <= {503}
    assert fleet.each_write_took_effect_once(record)
    assert {status for status, _, _ in answers} == {503}
    assert all(wait for _, wait, _ in answers)
    assert sorted(seconds for _, _, seconds in answers)[len(answers) // 2] < 1
    eventually(lambda: fleet.client(token).call("GET", "/api/v1/users/profile/")[0] == 200, 30)
    assert client.call("GET", "/liveness/")[0] == 200
    assert fleet.lives() == lives


def test_restarted_database_costs_no_write_and_is_back_at_once(fleet):
    with fleet.traffic(readers=4, writers=2) as record:
        eventually(lambda: record.statuses("POST")[201] > 20)
        fleet.compose("restart", "postgres")
        began = time.time()
        seen = record.statuses("POST")[201]
        eventually(lambda: record.statuses("POST")[201] > seen + 20)

    # A try a second finds it again; each process tries by itself.
    late = [one for one in record.answers if is_failed(one[1]) and one[3] > began + 5]
    assert late == []
    assert set(record.failed("GET")) | set(record.failed("POST")) <= {503}
    assert fleet.each_write_took_effect_once(record)


def test_crashed_database_keeps_every_write_that_was_acknowledged(fleet):
    with fleet.traffic(readers=1, writers=3) as record:
        eventually(lambda: record.statuses("POST")[201] > 50)
        fleet.kill(fleet.host_pid(fleet.containers("postgres")[0]), signal.SIGKILL)
        eventually(lambda: fleet.containers("postgres")[0].restarts >= 1)
        seen = record.statuses("POST")[201]
        eventually(lambda: record.statuses("POST")[201] > seen + 20)

    assert fleet.each_write_took_effect_once(record)


def test_hung_database_restarts_nobody(fleet):
    """Every replica waits for it, and none answers for its life: a new one would do no better."""
    backends = [one.started_at for one in fleet.containers("backend")]
    processes = fleet.processes(fleet.containers("postgres")[0], "postgres")
    with fleet.traffic(readers=6, writers=6) as record:
        eventually(lambda: len(record.answers) > 20)
        for pid in processes:
            fleet.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        try:
            # The watchdog asks three times, 10 s apart.
            eventually(lambda: time.monotonic() - began > 50)
        finally:
            for pid in reversed(processes):
                fleet.kill(pid, signal.SIGCONT)
        seen = len(record.answers)
        eventually(lambda: len(record.answers) > seen + 20)

    assert [one.started_at for one in fleet.containers("backend")] == backends


def test_migration_that_waits_for_a_lock_holds_up_no_reader(fleet, tmp_path):
    """It waits two seconds, with all readers behind it; then it lets them go, and comes again."""
    last = fleet.sql("SELECT max(name) FROM django_migrations WHERE app = 'users'")
    file = tmp_path / "9999_memo.py"
    file.write_text(MIGRATION.format(last=last), "utf-8")
    tmp_path.chmod(0o755)
    held = "BEGIN; LOCK TABLE users_user IN ACCESS SHARE MODE; SELECT 'held', pg_sleep(16); COMMIT"
    psql = ("docker", "exec", fleet.containers("postgres")[0].name, "psql", "-U", "mutirao", "-c")
    with fleet.traffic(readers=2, writers=0, read="/api/v1/users/profile/") as record:
        eventually(lambda: len(record.answers) > 20)
        holder = subprocess.Popen([*psql, held], stdout=subprocess.DEVNULL)
        sleeping = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
        eventually(lambda: fleet.sql(sleeping) == "1")
        mounted = ("--volume", f"{file}:/app/users/migrations/9999_memo.py:ro")
        said = fleet.compose("run", "--rm", "--no-deps", "--no-TTY", *mounted, "prepare")
        assert holder.wait(30) == 0

    assert "migrate_waits" in said
    assert not record.failed("GET")
    # Two seconds behind the migration, and some for what this machine does besides.
    assert max(record.durations()) < 3
    assert fleet.sql("SELECT count(*) FROM users_user WHERE memo = ''") != "0"
