"""What `make quickstart` says of a host, and of a .env, before it starts anything."""

import os
import shutil
from collections import namedtuple

import pytest

from fleet import quickstart, state
from fleet.refusal import Refused

GIGABYTE = 10**9
Disk = namedtuple("Disk", "total used free")


@pytest.fixture
def docker(tmp_path, monkeypatch):
    """Puts a `docker` on the path that fails at the given commands, and no other program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(fails=""):
        program = folder / "docker"
        program.write_text(f'#!/bin/sh\n[ "$*" = "{fails}" ] && exit 1\necho {tmp_path}\n', "utf-8")
        program.chmod(0o755)

    return install


@pytest.fixture
def host(monkeypatch):
    """Makes the host one of so much memory and free disk."""

    def of(memory=8, disk=100):
        pages = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": memory * GIGABYTE // 4096}
        monkeypatch.setattr(os, "sysconf", pages.__getitem__)
        monkeypatch.setattr(shutil, "disk_usage", lambda place: Disk(0, 0, disk * GIGABYTE))

    of()
    return of


def refusal():
    with pytest.raises(Refused) as refused:
        quickstart.check_host()
    return str(refused.value)


@pytest.mark.usefixtures("host")
def test_a_host_that_will_do_is_not_refused(docker):
    docker()

    quickstart.check_host()


@pytest.mark.usefixtures("host", "docker")
def test_without_docker_it_is_said_where_to_get_it():
    assert refusal().startswith("Docker is missing: https://")


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(
    ("fails", "sentence"),
    [
        ("compose version", "Docker has no Compose: install the package"),
        ("info", "The Docker Engine does not answer: is it started"),
    ],
)
def test_a_docker_that_does_not_work_is_told_of(docker, fails, sentence):
    docker(fails)

    assert refusal().startswith(sentence)


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        ({"memory": 2}, "This host has 2.0 GB of memory; 4 GB are needed."),
        ({"disk": 9}, "9.0 GB are free on the disk of"),
    ],
)
def test_a_host_that_is_too_small_is_told_what_it_lacks(docker, host, size, sentence):
    docker()
    host(**size)

    assert refusal().startswith(sentence)


@pytest.fixture
def env(tmp_path, monkeypatch):
    shutil.copy(state.ROOT / ".env.example", tmp_path)
    monkeypatch.setattr(state, "ROOT", tmp_path)
    monkeypatch.setattr(quickstart, "ENV", tmp_path / ".env")
    return tmp_path / ".env"


def test_the_first_time_there_is_a_file_to_fill_in(env):
    with pytest.raises(Refused, match="set DOMAIN, ALLOWED_HOSTS and EMAIL_URL"):
        quickstart.fill_in()

    assert env.read_text("utf-8") == (state.ROOT / ".env.example").read_text("utf-8")
    assert env.stat().st_mode & 0o777 == 0o600


def test_samples_that_only_people_can_replace_are_named(env):
    shutil.copy(state.ROOT / ".env.example", env)

    with pytest.raises(Refused, match="ALLOWED_HOSTS, DOMAIN, EMAIL_URL in .env still hold"):
        quickstart.fill_in()


def test_secrets_are_made_once_and_what_was_given_stays(env):
    env.write_text("DOMAIN=ong.example\nSECRET_KEY=change-me\nPOSTGRES_PASSWORD=mine\n", "utf-8")

    quickstart.fill_in()
    first = env.read_text("utf-8")
    quickstart.fill_in()

    values = dict(line.split("=", 1) for line in first.splitlines())
    assert values["POSTGRES_PASSWORD"] == "mine"
    assert values.keys() >= quickstart.SECRETS.keys()
    assert "change-me" not in first
    assert env.read_text("utf-8") == first
