"""Signs of life of workers and beat, and what the health command makes of them."""

import os
import subprocess
import sys
import time

import pytest
from django.conf import settings

from config import heartbeat


@pytest.fixture(autouse=True)
def sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTBEAT_FILE", str(tmp_path / "sign"))
    return tmp_path / "sign"


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_fresh_sign_is_healthy(kind):
    heartbeat.touch(kind)

    assert heartbeat.complaint(kind) == ""


@pytest.mark.parametrize("kind", ["worker", "beat"])
def test_old_sign_is_unhealthy(kind, sign, capsys):
    heartbeat.touch(kind)
    os.utime(sign, times=(0, time.time() - heartbeat.TOO_OLD - 1))

    assert heartbeat.main(kind) == 1
    assert capsys.readouterr().out == f"The last sign of life of the {kind} is 31 s old.\n"


def test_no_sign_is_unhealthy():
    assert heartbeat.complaint("beat") == "The beat has given no sign of life yet."


@pytest.mark.parametrize("port", ["closed_port", "silent_port"])
def test_worker_without_its_database_is_unhealthy(port, request, monkeypatch):
    monkeypatch.setattr(heartbeat, "DATABASE_PATIENCE", 0.2)
    address = f"postgres://127.0.0.1:{request.getfixturevalue(port)}/mutirao"
    monkeypatch.setenv("DATABASE_URL", address)
    heartbeat.touch("worker")

    assert heartbeat.complaint("worker") == "The database does not answer."


def test_sign_that_cannot_be_written_ends_nobody(monkeypatch, capsys):
    monkeypatch.setenv("HEARTBEAT_FILE", "/proc/nowhere/sign")

    heartbeat.touch("beat")

    assert "No sign of life can be written" in capsys.readouterr().err


def test_health_command_needs_only_the_standard_library():
    heartbeat.touch("worker")

    command = [sys.executable, "-S", "-m", "config.heartbeat", "worker"]  # -S: without packages
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, check=False)

    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
