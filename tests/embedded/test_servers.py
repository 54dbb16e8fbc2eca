import pytest

from embedded import identity, postgres
from embedded.postgres import Postgres
from embedded.refusal import Refusal
from embedded.valkey import Valkey


def test_data_of_another_version_is_refused(tmp_path, monkeypatch):
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("9\n")

    with pytest.raises(Refusal, match="holds data of PostgreSQL 9, the installed server is"):
        Postgres(data, 5000, "secret").prepare()


def test_passwords_are_on_no_command_line(tmp_path):
    valkey = Valkey(tmp_path / "valkey", 5001, "secret")
    valkey.prepare()

    commands = [*valkey.command, *Postgres(tmp_path / "postgres", 5000, "secret").command]

    assert not any("secret" in part for part in commands)


def test_the_queue_is_lasting_and_never_evicted(tmp_path):
    valkey = Valkey(tmp_path / "a place", 5001, "secret")
    valkey.prepare()

    lines = (tmp_path / "a place" / "valkey.conf").read_text().splitlines()

    assert {"appendonly yes", "appendfsync everysec", "maxmemory-policy noeviction"} <= set(lines)
    assert {"bind 127.0.0.1", "requirepass secret", f'dir "{tmp_path}/a place"'} <= set(lines)


def test_postgres_listens_on_this_machine_only(tmp_path):
    command = Postgres(tmp_path, 5000, "secret", postgres.THROW_AWAY).command

    assert {"listen_addresses=127.0.0.1", "port=5000", "fsync=off"} <= set(command)


def test_nobody_but_root_changes_identity(monkeypatch):
    monkeypatch.setattr(identity.os, "geteuid", lambda: 1234)

    assert identity.of_postgres.__wrapped__() == identity.Identity((), 1234)


def test_root_without_a_way_out_is_told_so(monkeypatch):
    monkeypatch.setattr(identity.os, "geteuid", lambda: 0)
    monkeypatch.setattr(identity.shutil, "which", lambda name: None)

    with pytest.raises(Refusal, match="start as a normal user"):
        identity.of_postgres.__wrapped__()
