import os
import signal
import subprocess
import sys
from configparser import ConfigParser

import pytest

from embedded import leftovers, programs
from embedded.configuration import PATIENCE, Program, render
from embedded.environment import MARK

from .conftest import until


@pytest.fixture
def configuration(tmp_path):
    server = Program("postgres", ["postgres", "-D", "100% a place"], "INT", group="servers")
    wanted = [server, *programs.application(8123)]
    parsed = ConfigParser(interpolation=None)
    parsed.read_string(render(tmp_path, 5003, "secret", wanted))
    return parsed


def test_what_dies_is_restarted_for_ever(configuration):
    for name in ("postgres", "web", "worker", "beat"):
        assert configuration[f"program:{name}"]["autorestart"] == "true"
        assert int(configuration[f"program:{name}"]["startretries"]) > 10**6


def test_servers_start_first_and_end_last(configuration):
    assert configuration["program:postgres"]["autostart"] == "true"
    assert configuration["program:web"]["autostart"] == "false"
    first, last = configuration["group:servers"], configuration["group:application"]
    assert int(first["priority"]) < int(last["priority"])
    assert last["programs"] == "web,worker,beat"


def test_both_groups_together_end_in_time():
    assert sum(PATIENCE.values()) < 8


def test_odd_paths_survive_the_file(configuration):
    assert configuration["program:postgres"]["command"] == "postgres -D '100%% a place'"


def test_web_listens_on_the_port_and_this_machine_only(configuration):
    assert "--bind 127.0.0.1:8123" in configuration["program:web"]["command"]


@pytest.fixture
def sleeper(tmp_path):
    """A process that carries the mark of a folder, and hears no polite word."""
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"{deaf}; print(1, flush=True); time.sleep(60)"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, MARK: str(tmp_path)},
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_leftovers_are_known_by_their_mark(tmp_path, sleeper):
    assert leftovers.of(tmp_path, tmp_path / "postgres") == [sleeper.pid]
    assert leftovers.of(tmp_path / "other", tmp_path / "postgres") == []


def test_leftovers_that_do_not_listen_are_killed(tmp_path, sleeper):
    assert leftovers.end(tmp_path, tmp_path / "postgres", patience=0.2) == 1

    until(lambda: sleeper.poll() is not None, 5)
    assert sleeper.returncode == -signal.SIGKILL


def test_a_stale_lock_of_postgres_is_forgotten(tmp_path):
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n")

    leftovers.forget_stale_lock(tmp_path)

    assert not (tmp_path / "postmaster.pid").exists()
