"""A restore drill, and what no backup and no restore may do."""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from django.db import connection
from hypothesis import example, given
from hypothesis import strategies as st

from config import backups
from config.backups import archive, making, programs
from config.backups.retention import superfluous
from config.tasks import back_up
from tests.factories import UserFactory
from tests.load import scratch

# Together, as they share an installation that takes long to make.
pytestmark = pytest.mark.xdist_group("backups")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path, settings):
    settings.BACKUP_DIR = str(tmp_path / "backups")
    return tmp_path / "backups"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The environment of an installation with its own database, with one person in it."""
    with scratch.database("backups") as url:
        folder = tmp_path_factory.mktemp("place")
        variables = {**os.environ, **own_redis(), "DATABASE_URL": url, "BACKUP_DIR": str(folder)}
        manage(variables, "migrate", "-v0")
        ask(
            url,
            "INSERT INTO token_blacklist_outstandingtoken (jti, token, created_at, expires_at)"
            " VALUES ('kept', 'x', now(), now())",
        )
        yield variables


def own_redis():
    """Databases that no other test uses, whichever worker asks: a restore empties them."""
    server = os.environ["REDIS_URL"].rpartition("/")[0]
    first = {"PYTEST_XDIST_WORKER": "gw0"}  # or config.settings_test would count on from there
    return {"REDIS_URL": f"{server}/50", "BROKER_URL": f"{server}/51", **first}


def manage(variables, *arguments, fails=False):
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True)
    assert bool(done.returncode) == fails, done.stderr
    return done.stdout + done.stderr


def ask(url, query):
    with psycopg.connect(url, autocommit=True) as server:
        cursor = server.execute(query)
        return cursor.fetchall() if cursor.description else []


def archives(folder):
    return sorted(path.name for path in folder.glob("*.tar.gz"))


def test_drill_brings_back_what_was_kept_and_nothing_else(place, tmp_path):
    url, folder = place["DATABASE_URL"], Path(place["BACKUP_DIR"])
    said = manage(place, "backup_db")
    name = re.search(r"(mutirao-\d{8}T\d{6}Z\.tar\.gz): ", said)[1]
    kept = archive.read(folder / name)
    ask(url, "DELETE FROM token_blacklist_outstandingtoken")
    ask(url, "CREATE TABLE later ()")
    servers = [redis.Redis.from_url(place[name]) for name in ("BROKER_URL", "REDIS_URL")]
    for server in servers:
        server.set("of-other-rows", 1)

    refused = manage(place, "restore_db", str(folder / name), "--check")
    elsewhere = {**place, "BACKUP_DIR": str(tmp_path / "new" / "machine")}
    manage(elsewhere, "restore_db", str(folder / name))

    assert [server.dbsize() for server in servers] == [0, 0]
    assert "can be restored" in refused
    assert ask(url, "SELECT jti FROM token_blacklist_outstandingtoken") == [("kept",)]
    assert ask(url, "SELECT to_regclass('later')") == [(None,)]
    assert kept.rows["token_blacklist_outstandingtoken"] == 1
    assert kept.sums == {"users_contribution.amount": "None"}
    server = url.rpartition("/")
    names = ask(url, f"SELECT datname FROM pg_database WHERE datname LIKE '{server[2]}%'")
    assert names == [(server[2],)]


def test_archive_of_another_key_is_refused_before_anything_happens(place):
    folder = Path(place["BACKUP_DIR"])
    manage(place, "backup_db")
    name = str(folder / archives(folder)[-1])
    other = {**place, "DATA_ENCRYPTION_KEY": Fernet.generate_key().decode()}

    said = manage(other, "restore_db", name, "--check", "--force", fails=True)

    assert "another DATA_ENCRYPTION_KEY" in said


def test_database_that_people_use_is_not_overwritten_by_mistake(place):
    folder = Path(place["BACKUP_DIR"])
    manage(place, "backup_db")
    name = str(folder / archives(folder)[-1])
    url = place["DATABASE_URL"]
    ask(
        url,
        "INSERT INTO users_user (email, password, first_name, last_name, phone, bio, city,"
        " travel_radius_km, language, is_public, is_active, is_staff, is_superuser, joined_at,"
        " pending_email, token_version) VALUES ('a@example.org', '', 'A', '', '', '', '', 1,"
        " 'en', false, true, false, false, now(), '', 0)",
    )

    refused = manage(place, "restore_db", name, fails=True)
    still_there = ask(url, "SELECT count(*) FROM users_user")
    manage(place, "restore_db", name, "--force")

    assert "FORCE=1" in refused
    assert "Traceback" not in refused
    assert still_there == [(1,)]
    assert ask(url, "SELECT count(*) FROM users_user") == [(0,)]


def test_backup_of_a_killed_process_is_a_draft_that_the_next_one_removes(place):
    folder = Path(place["BACKUP_DIR"])
    before = archives(folder)
    code = (
        "import time; from config.backups import archive, making\n"
        "archive.write = lambda *_: time.sleep(60)\nmaking.back_up()"
    )
    shell = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, env=place
    )
    wait_until(lambda: list(folder.glob(".draft-*/content/broker.rdb")) or has_dump(folder))
    shell.send_signal(signal.SIGKILL)
    shell.wait()
    left = list(archive.drafts(folder))

    manage(place, "backup_db")

    assert left
    assert list(archive.drafts(folder)) == []
    assert len(archives(folder)) == len(before) + 1


def test_restore_that_is_killed_leaves_the_old_database_as_it_was(place):
    folder, url = Path(place["BACKUP_DIR"]), place["DATABASE_URL"]
    manage(place, "backup_db")
    name = str(folder / archives(folder)[-1])
    ask(url, "CREATE TABLE mine ()")
    code = (
        "import time; from pathlib import Path; from config.backups import restoring\n"
        f"restoring._swap = lambda *_: time.sleep(60)\nrestoring.restore(Path({name!r}))"
    )
    shell = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "--no-imports", "-c", code], cwd=ROOT, env=place
    )
    names = f"SELECT datname FROM pg_database WHERE datname LIKE '{url.rpartition('/')[2]}%'"
    wait_until(lambda: len(ask(url, names)) == 2)
    shell.send_signal(signal.SIGKILL)
    shell.wait()
    kept = ask(url, "SELECT to_regclass('mine')")

    manage(place, "restore_db", name)

    assert kept == [("mine",)]
    assert ask(url, "SELECT to_regclass('mine')") == [(None,)]
    assert ask(url, names) == [(url.rpartition("/")[2],)]


def has_dump(folder):
    """Whether the dump is whole, so that the process waits where it writes the archive."""
    return any(path.stat().st_size for path in folder.glob(".draft-*/content/database.dump"))


def wait_until(ask):
    done = threading.Event()
    for _ in range(600):
        if ask():
            return
        done.wait(0.05)
    raise AssertionError("not within 30 s")


@pytest.mark.django_db(transaction=True)
def test_two_backups_are_not_made_at_once(folder):
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=name) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [making.LOCK])

        with pytest.raises(backups.BackupError, match="Another backup"):
            backups.back_up()

    assert archives(folder) == []


@pytest.mark.django_db(transaction=True)
def test_restore_is_refused_while_a_backup_or_a_restore_goes_on(folder, tmp_path):
    name = connection.settings_dict["NAME"]
    good = made_of(tmp_path, b"database", postgres=connection.pg_version // 10_000)
    with psycopg.connect(os.environ["DATABASE_URL"], dbname=name) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [making.LOCK])

        with pytest.raises(backups.BackupError, match="Another backup"):
            backups.restore(good)

    assert list(folder.iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_second_try_of_a_night_does_nothing_after_a_good_one(folder):
    UserFactory()
    back_up()
    first = archives(folder)

    back_up()

    assert archives(folder) == first
    assert len(first) == 1
    manifest = archive.read(folder / first[0])
    assert manifest.rows["users_user"] == 1
    assert backups.last_good_at() > datetime.now(UTC) - timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_backup_by_hand_in_the_evening_does_not_cancel_the_night(folder, time_machine):
    time_machine.move_to(datetime(2026, 3, 1, 23, tzinfo=UTC))  # 20:00 in São Paulo
    backups.back_up()

    time_machine.move_to(datetime(2026, 3, 2, 6, 1, tzinfo=UTC))
    back_up()
    time_machine.move_to(datetime(2026, 3, 2, 7, 1, tzinfo=UTC))
    back_up()

    assert len(archives(folder)) == 2


@pytest.mark.django_db(transaction=True)
def test_copy_that_failed_is_made_by_the_next_try(folder, tmp_path, settings):
    far = tmp_path / "far"
    far.touch()  # no folder: the copy fails
    storage = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(far)},
    }
    settings.STORAGES = {**settings.STORAGES, "backups": storage}
    with pytest.raises(OSError, match="far"):
        back_up()
    far.unlink()

    back_up()
    back_up()

    assert archive.sums(far) == archive.sums(folder)
    assert len(archives(far)) == 1


@pytest.mark.django_db(transaction=True)
def test_failed_dump_leaves_no_backup(folder, settings):
    settings.POSTGRES_PROGRAMS = "/nowhere"

    with pytest.raises(backups.BackupError, match="pg_dump is not installed"):
        backups.back_up()

    assert backups.last_good_at() is None
    assert list(archive.drafts(folder)) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["pg_dump", "pg_restore"])
def test_programs_of_another_version_make_no_backup(folder, tmp_path, settings, monkeypatch, name):
    """What they make of it may not be restored on the day on which it counts."""
    other = tmp_path / name
    other.write_text("#!/bin/sh\necho 'other (PostgreSQL) 9.6.24'\n")
    other.chmod(0o700)
    find = shutil.which
    monkeypatch.setattr(
        "shutil.which", lambda asked, **how: str(other) if asked == name else find(asked, **how)
    )

    with pytest.raises(backups.BackupError, match=r"here is other \(PostgreSQL\) 9.6.24"):
        backups.back_up()

    assert backups.last_good_at() is None


def test_nothing_was_kept_where_there_is_no_folder(folder):
    assert backups.last_good_at() is None


def test_broker_that_is_away_is_a_reason_in_the_manifest(tmp_path, settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://:password@127.0.0.1:1/0"
    monkeypatch.setattr("shutil.which", lambda name, **_: "/bin/false")

    assert programs.copy_broker(tmp_path / "broker.rdb")
    assert not (tmp_path / "broker.rdb").exists()


def test_broker_that_hangs_is_a_reason_in_the_manifest(tmp_path, settings, monkeypatch):
    hung = tmp_path / "redis-cli"
    hung.write_text("#!/bin/sh\nexec /bin/sleep 60\n")
    hung.chmod(0o700)
    settings.CELERY_BROKER_URL = "redis://:canary@127.0.0.1:1/0"
    monkeypatch.setattr("shutil.which", lambda name, **_: str(hung))
    monkeypatch.setattr(programs, "BROKER_PATIENCE", 0.2)

    reason = programs.copy_broker(tmp_path / "broker.rdb")

    assert "did not give it" in reason
    assert "canary" not in reason


@pytest.fixture
def login(tmp_path, monkeypatch):
    """What pg_dump is given: its arguments and its environment."""
    program, told = tmp_path / "pg_dump", tmp_path / "told"
    program.write_text(f'#!/bin/sh\n(echo "$@"; /usr/bin/env) > {told}\n')
    program.chmod(0o700)
    monkeypatch.setattr("shutil.which", lambda name, **_: str(program))
    return told


def test_encryption_that_was_asked_for_is_asked_for_by_the_dump(login, tmp_path, monkeypatch):
    options = {**connection.settings_dict["OPTIONS"], "sslmode": "verify-full"}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "canary")

    programs.dump(tmp_path / "dump", "1")

    arguments, *environment = login.read_text().splitlines()
    assert {"PGSSLMODE=verify-full", "PGPASSWORD=canary"} <= set(environment)
    assert "canary" not in arguments


@pytest.fixture
def good(tmp_path):
    return made_of(tmp_path, b"database" * 1000)


def test_archive_gives_back_what_was_put_in(good, tmp_path):
    target = tmp_path / "out"
    target.mkdir()

    manifest = archive.read(good, target)

    assert manifest.rows == {"a": 1}
    assert (target / archive.DATABASE).read_bytes() == b"database" * 1000


@given(share=st.floats(0, 1, exclude_max=True))
@example(share=0.9999)  # nothing is missing but the end of gzip's own
def test_cut_archive_is_refused_wherever_it_was_cut(share):
    with tempfile.TemporaryDirectory() as folder:
        whole = made_of(Path(folder), os.urandom(3000))
        cut = Path(folder) / "cut.tar.gz"
        cut.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])

        with pytest.raises(backups.BackupError):
            archive.read(cut)


def made_of(folder, database, *, postgres=17):
    content = folder / "content"
    content.mkdir()
    (content / archive.DATABASE).write_bytes(database)
    (content / archive.BROKER).write_bytes(b"broker")
    manifest = archive.Manifest("now", "1", postgres, archive.sums(content), {"a": 1}, {}, {})
    archive.write(folder / "made.tar.gz", manifest, content)
    return folder / "made.tar.gz"


def test_changed_file_is_refused(tmp_path):
    content = tmp_path / "content"
    content.mkdir()
    (content / archive.DATABASE).write_bytes(b"one")
    manifest = archive.Manifest("now", "1", 17, archive.sums(content), {}, {}, {})
    (content / archive.DATABASE).write_bytes(b"two")
    archive.write(tmp_path / "x.tar.gz", manifest, content)

    with pytest.raises(backups.BackupError, match="sums do not agree"):
        archive.read(tmp_path / "x.tar.gz")


def test_archive_without_a_database_is_refused(tmp_path):
    manifest = archive.Manifest("now", "1", 17, {}, {}, {}, {})
    archive.write(tmp_path / "x.tar.gz", manifest, tmp_path)

    with pytest.raises(backups.BackupError, match=r"database\.dump is missing"):
        archive.read(tmp_path / "x.tar.gz")


@pytest.mark.parametrize("name", ["../evil", "/tmp/evil", "evil", "database.dump/../evil"])
def test_archive_with_another_name_writes_nothing(good, tmp_path, name):
    foreign = tmp_path / "foreign.tar.gz"
    with tarfile.open(good) as source, tarfile.open(foreign, "w:gz") as target:
        target.addfile(source.getmember(archive.MANIFEST), source.extractfile(archive.MANIFEST))
        member = tarfile.TarInfo(name)
        member.size = 4
        target.addfile(member, io.BytesIO(b"evil"))
    out = tmp_path / "out"
    out.mkdir()

    with pytest.raises(backups.BackupError):
        archive.read(foreign, out)

    assert list(out.iterdir()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_archive_with_a_link_writes_nothing(good, tmp_path, kind):
    foreign = tmp_path / "foreign.tar.gz"
    with tarfile.open(good) as source, tarfile.open(foreign, "w:gz") as target:
        target.addfile(source.getmember(archive.MANIFEST), source.extractfile(archive.MANIFEST))
        member = tarfile.TarInfo(archive.DATABASE)
        member.type, member.linkname = kind, "/etc/passwd"
        target.addfile(member)

    with pytest.raises(backups.BackupError):
        archive.read(foreign)


moments = st.lists(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)), max_size=60
)


@given(moments)
def test_new_ones_are_never_superfluous_and_seven_days_and_four_weeks_stay(found):
    kept = set(found) - superfluous(found)

    assert superfluous(found) <= set(found)
    assert len({moment.date() for moment in kept}) >= min(7, len({one.date() for one in found}))
    new = {moment for moment in found if max(found) - moment < timedelta(days=1)}
    assert new <= kept
    assert len(kept - new) <= 11


@given(moments)
def test_what_was_thinned_out_once_stays(found):
    kept = set(found) - superfluous(found)

    assert superfluous(kept) == set()


def test_a_year_of_nights_leaves_a_week_of_days_and_a_month_of_weeks():
    nights = [datetime(2026, 1, 1, 6, tzinfo=UTC) + timedelta(days=n) for n in range(300)]

    kept = sorted(set(nights) - superfluous(nights))

    assert kept[-7:] == nights[-7:]
    assert 9 <= len(kept) <= 11
    assert kept[0] >= nights[-1] - timedelta(weeks=4)
