"""The programs of Postgres and Redis; passwords reach them by their environment only."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection

from config.backups.archive import BackupError

# So many seconds the broker has for its copy: it is evidence, and the dump must not wait for it.
BROKER_PATIENCE = 120


def check(postgres: int) -> None:
    """Raise BackupError unless both programs are of this major version.

    `pg_dump` refuses newer servers; of older ones it writes what `pg_restore` cannot load there.
    """
    for name in ("pg_dump", "pg_restore"):
        said = _run([_postgres(name), "--version"], {})
        if re.findall(r"\) (\d+)", said) != [str(postgres)]:
            raise BackupError(f"The server is Postgres {postgres}, and here is {said.strip()}.")


def dump(target: Path, snapshot: str) -> None:
    options = ("--format=custom", f"--snapshot={snapshot}", f"--file={target}")
    _run([_postgres("pg_dump"), *options], _login())


def load(source: Path, database: str) -> None:
    options = ("--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction")
    command = [_postgres("pg_restore"), *options, f"--dbname={database}", str(source)]
    _run(command, _login())


def copy_broker(target: Path) -> str:
    """Copy what the broker holds, as evidence; return why not, if that is so."""
    program = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if not program:
        return "redis-cli is not installed"
    url = urlsplit(settings.CELERY_BROKER_URL)
    place = ["-h", url.hostname or "", "-p", str(url.port or 6379)]
    user = ["--user", unquote(url.username)] if url.username else []
    secret = {"REDISCLI_AUTH": unquote(url.password)} if url.password else {}
    command = [program, *place, *user, "--rdb", str(target)]
    try:
        _run(command, secret, timeout=BROKER_PATIENCE)
    except subprocess.TimeoutExpired:
        reason = f"the broker did not give it within {BROKER_PATIENCE} s"
    except BackupError as error:
        reason = str(error)
    else:
        return ""
    target.unlink(missing_ok=True)
    return reason


def encryption() -> dict[str, Any]:
    """What DATABASE_URL asks of the connection's encryption, like sslmode=verify-full."""
    given = connection.settings_dict["OPTIONS"]
    return {name: str(value) for name, value in given.items() if name.startswith("ssl")}


def _postgres(name: str) -> str:
    found = shutil.which(name, path=settings.POSTGRES_PROGRAMS or None)
    if not found:
        raise BackupError(f"{name} is not installed: name its folder in POSTGRES_PROGRAMS.")
    return found


def _login() -> dict[str, str]:
    place = connection.settings_dict
    return {
        "PGHOST": str(place["HOST"]),
        "PGPORT": str(place["PORT"] or 5432),
        "PGUSER": str(place["USER"]),
        "PGPASSWORD": str(place["PASSWORD"]),
        "PGDATABASE": str(place["NAME"]),
        **{f"PG{name.upper()}": value for name, value in encryption().items()},
    }


def _run(command: list[str], environment: dict[str, str], *, timeout: int | None = None) -> str:
    """What it says; raise BackupError with its last line when it fails."""
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False, timeout=timeout
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BackupError(f"{Path(command[0]).name} failed: {''.join(reason)}")
    return done.stdout
