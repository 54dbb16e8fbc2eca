"""The way back from a backup."""

import logging
import tempfile
from pathlib import Path

import psycopg
import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from config.backups import archive, making, programs
from config.backups.archive import BackupError, Manifest

logger = logging.getLogger(__name__)


def look(path: Path, *, force: bool) -> Manifest:
    """Refuse what could not be restored, or would overwrite people's data; change nothing."""
    if not path.is_file():
        raise BackupError(f"There is no file {path}.")
    manifest = archive.read(path)
    with connection.cursor() as cursor:
        here = making.facts(cursor)
    if manifest.postgres > here["postgres"]:
        raise BackupError(
            f"It is of Postgres {manifest.postgres}, and this one is {here['postgres']}."
        )
    programs.check(here["postgres"])
    if manifest.key not in ("", making.key()):
        raise BackupError(
            "What it holds was sealed with another DATA_ENCRYPTION_KEY, and would be unreadable."
        )
    if here["rows"].get(settings.BACKUP_GUARD) and not force:
        raise BackupError("The database holds data: FORCE=1 overwrites it.")
    return manifest


def restore(path: Path, *, force: bool = False) -> None:
    """Replace the database by the archive's, and bring its schema up to date.

    It is loaded and counted beside the old one, which is there until the new one has its
    name: both change names in one transaction. Killed before, the old one is untouched.
    """
    look(path, force=force)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    drafts = Path(settings.BACKUP_DIR)
    drafts.mkdir(parents=True, exist_ok=True)
    # Its connection holds the lock until the swap ends it, with all others to the old database.
    with _server(connection.settings_dict["NAME"]) as holder:
        making.claim(holder.cursor())
        with tempfile.TemporaryDirectory(dir=drafts, prefix=".draft-") as folder:
            manifest = archive.read(path, Path(folder))
            _replace(Path(folder) / archive.DATABASE, manifest)
    call_command("migrate", interactive=False, verbosity=0)
    logger.info("Restored %s.", path.name)


def _replace(dump: Path, manifest: Manifest) -> None:
    name = connection.settings_dict["NAME"]
    fresh, old = f"{name}_restoring", f"{name}_before"
    with _server("postgres") as server:
        _drop(server, fresh, old)
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(fresh)))
        programs.load(dump, fresh)
        _compare(fresh, manifest)
        _empty_queue_and_cache()
        _swap(server, name, fresh, old)
        _drop(server, old)


def _compare(name: str, manifest: Manifest) -> None:
    with _server(name) as server, server.cursor() as cursor:
        found = making.facts(cursor)
    if (found["rows"], found["sums"]) != (manifest.rows, manifest.sums):
        raise BackupError("What was loaded is not what was kept: nothing was changed.")


def _empty_queue_and_cache() -> None:
    """Ids are given out again: no old message and no kept answer may meet the rows of another."""
    try:
        for address in (settings.CELERY_BROKER_URL, settings.REDIS_URL):
            with redis.Redis.from_url(address, **settings.REDIS_TIMEOUTS) as server:
                server.flushdb()
    except redis.RedisError as error:
        raise BackupError(f"Queue and cache could not be emptied: {error}") from error


def _swap(server: "psycopg.Connection[object]", name: str, fresh: str, old: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format
    with server.transaction():
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname IN (%s, %s) AND pid <> pg_backend_pid()",
            [name, fresh],
        )
        server.execute(rename(sql.Identifier(name), sql.Identifier(old)))
        server.execute(rename(sql.Identifier(fresh), sql.Identifier(name)))


def _drop(server: "psycopg.Connection[object]", *names: str) -> None:
    for name in names:
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        server.execute(drop.format(sql.Identifier(name)))


def _server(database: str) -> "psycopg.Connection[object]":
    given = connection.settings_dict
    return psycopg.connect(
        host=given["HOST"],
        port=given["PORT"] or 5432,
        user=given["USER"],
        password=given["PASSWORD"],
        dbname=database,
        autocommit=True,
        **programs.encryption(),
    )
