"""The programs of Postgres and Redis; passwords reach them by their environment only."""

import shutil
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.db import connection

from config.backups.archive import BackupError


def dump(target: Path, snapshot: str) -> None:
    _run(_postgres("pg_dump"), "--format=custom", f"--snapshot={snapshot}", f"--file={target}")


def load(source: Path, database: str) -> None:
    options = ("--exit-on-error", "--no-owner", "--no-privileges", "--single-transaction")
    _run(_postgres("pg_restore"), *options, f"--dbname={database}", str(source))


def copy_broker(target: Path) -> str:
    """Copy what the broker holds, as evidence; return why not, if that is so."""
    program = shutil.which("redis-cli") or shutil.which("valkey-cli")
    if not program:
        return "redis-cli is not installed"
    url = urlsplit(settings.CELERY_BROKER_URL)
    place = ["-h", url.hostname or "", "-p", str(url.port or 6379)]
    user = ["--user", unquote(url.username)] if url.username else []
    secret = {"REDISCLI_AUTH": unquote(url.password)} if url.password else {}
    try:
        _run(program, *place, *user, "--rdb", str(target), **secret)
    except BackupError as error:
        target.unlink(missing_ok=True)
        return str(error)
    return ""


def _postgres(name: str) -> str:
    found = shutil.which(name, path=settings.POSTGRES_PROGRAMS or None)
    if not found:
        raise BackupError(f"{name} is not installed: name its folder in POSTGRES_PROGRAMS.")
    return found


def _run(program: str, *arguments: str, **secrets: str) -> None:
    place = connection.settings_dict
    environment = {
        "PGHOST": str(place["HOST"]),
        "PGPORT": str(place["PORT"] or 5432),
        "PGUSER": str(place["USER"]),
        "PGPASSWORD": str(place["PASSWORD"]),
        "PGDATABASE": str(place["NAME"]),
        **secrets,
    }
    done = subprocess.run(  # noqa: S603
        [program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:]
        raise BackupError(f"{Path(program).name} failed: {''.join(reason)}")
