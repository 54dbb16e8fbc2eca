"""The entry point of containers: it waits for the servers, and reads secrets from files."""

import contextlib
import json
import re
from pathlib import Path

import pytest

from compose import start
from embedded import ports


def test_servers_are_waited_for_one_two_and_four_seconds(monkeypatch, capsys):
    pauses = []
    monkeypatch.setattr(start.time, "sleep", pauses.append)
    given = {"DATABASE_URL": f"postgres://a@127.0.0.1:{ports.free(set())}/b"}

    assert not start.wait(start.NEEDED_BY_CELERY, given)

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert pauses == [1, 2, 4, 0]
    assert [one["attempt"] for one in said] == [1, 2, 3, 4]
    assert {(one["event"], one["error"]) for one in said} == {("not_ready", "DATABASE_URL")}


def test_a_password_that_breaks_its_address_is_left_to_the_settings_and_not_told(capsys):
    given = {name: "redis://app:s3cr/et@127.0.0.1:6379/0" for name in start.NEEDED_BY_CELERY}

    assert start.wait(start.NEEDED_BY_CELERY, given)

    said = capsys.readouterr()
    assert "s3cr" not in said.out + said.err


@pytest.mark.parametrize(("command", "starts"), [("gunicorn", True), ("celery", False)])
def test_web_starts_without_the_broker_and_workers_wait(monkeypatch, command, starts):
    started = []
    monkeypatch.setattr(start.time, "sleep", lambda pause: None)
    monkeypatch.setattr(start.os, "execvpe", lambda *arguments: started.append(arguments[0]))
    monkeypatch.setattr(
        start.os, "environ", {"BROKER_URL": f"redis://127.0.0.1:{ports.free(set())}"}
    )

    with contextlib.suppress(SystemExit):
        start.main([command, "config"])

    assert started == [command] * starts


def test_each_secret_that_compose_gives_as_a_file_is_read():
    text = Path("compose/production.yml").read_text("utf-8")

    assert set(re.findall(r"([A-Z0-9_]+)_FILE:", text)) == set(start.SECRETS)


@pytest.mark.parametrize("name", start.SECRETS)
def test_secret_is_read_from_its_file(tmp_path, name):
    path = tmp_path / "secret"
    path.write_text("of the file\n")

    assert start.with_secrets({name: "", f"{name}_FILE": str(path)}) == {name: "of the file"}


def test_other_names_that_end_so_are_left_alone():
    given = {"HEARTBEAT_FILE": "/nowhere", "SSL_CERT_FILE": "/nowhere"}

    assert start.with_secrets({**given, "SECRET_KEY_FILE": ""}) == given
