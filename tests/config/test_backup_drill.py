"""A restore drill with everything in it: dump, drop, restore, and nobody misses an hour."""

import os
from pathlib import Path

import pytest

from config.backups import archive
from tests.config.test_backups import archives, ask, manage, own_redis
from tests.load import scratch


@pytest.fixture
def place(tmp_path):
    """An installation with people who met and gave hours."""
    with scratch.database("drill") as url:
        variables = {**os.environ, **own_redis(), "DATABASE_URL": url, "BACKUP_DIR": str(tmp_path)}
        manage(variables, "migrate", "-v0")
        manage(variables, "populate")
        yield variables


def test_dropped_database_comes_back_with_every_row_and_every_hour(place):
    url, folder = place["DATABASE_URL"], Path(place["BACKUP_DIR"])
    hours = ask(url, "SELECT sum(amount)::text FROM users_contribution")[0][0]
    manage(place, "backup_db")
    kept = archive.read(folder / archives(folder)[-1])
    server, _, name = url.rpartition("/")
    ask(f"{server}/postgres", f'DROP DATABASE "{name}" WITH (FORCE)')
    ask(f"{server}/postgres", f'CREATE DATABASE "{name}"')

    manage(place, "restore_db", str(folder / archives(folder)[-1]))

    found = {table: ask(url, f'SELECT count(*) FROM "{table}"')[0][0] for table in kept.rows}
    assert found == kept.rows
    assert kept.rows["users_contribution"] > 0
    assert kept.sums == {"users_contribution.amount": hours}
    assert ask(url, "SELECT sum(amount)::text FROM users_contribution") == [(hours,)]
