"""Making a backup."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import connection, transaction
from django.utils import timezone
from psycopg import sql

from config import encryption
from config.backups import archive, programs
from config.backups.archive import BackupError, Manifest
from config.backups.retention import superfluous

logger = logging.getLogger(__name__)

NAME = "mutirao-%Y%m%dT%H%M%SZ.tar.gz"
# Any number that nobody else locks in this database.
LOCK = 0x6261636B
# Since this hour a backup is tonight's; one made by hand in the evening is not.
HOUR = 3


def back_up_unless_done() -> None:
    """Make tonight's backup; the tries after a good one only copy it, if that has failed."""
    last = last_good_at()
    if last is None or last < _beginning_of_the_night():
        back_up()
    else:
        _copy_away(_archives(Path(settings.BACKUP_DIR))[last])


def _beginning_of_the_night() -> datetime:
    now = timezone.localtime()
    today = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    return today if now >= today else today - timedelta(days=1)


def back_up() -> Path:
    """Write one archive, read it back, and only then give it its name; return where it is.

    Killed at any point it leaves a draft, which the next one removes. Raises BackupError
    when another one is being made, or when a program fails.
    """
    folder = Path(settings.BACKUP_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    with _alone():
        archive.remove_drafts(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".draft-") as draft:
            path = folder / datetime.now(UTC).strftime(NAME)
            _make(Path(draft), path)
        _thin_out(folder)
    _copy_away(path)
    logger.info("Backed up into %s.", path.name)
    return path


def last_good_at() -> datetime | None:
    """When the newest archive here was made; those that were not read back have no name."""
    return max(_archives(Path(settings.BACKUP_DIR)), default=None)


def _make(draft: Path, path: Path) -> None:
    content = draft / "content"
    content.mkdir()
    facts = _dump(content / archive.DATABASE)
    reason = programs.copy_broker(content / archive.BROKER)
    left_out = {archive.BROKER: reason} if reason else {}
    files = archive.sums(content)
    manifest = Manifest(
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        version=settings.VERSION,
        files=files,
        left_out=left_out,
        key=key(),
        **facts,
    )
    whole = draft / path.name
    archive.write(whole, manifest, content)
    archive.read(whole)
    os.replace(whole, path)


def _dump(target: Path) -> dict[str, Any]:
    """Dump the database, and count the very rows that the dump sees."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = facts(cursor)
        programs.check(found["postgres"])
        cursor.execute("SELECT pg_export_snapshot()")
        programs.dump(target, cursor.fetchone()[0])
        return found


def facts(cursor: Any) -> dict[str, Any]:
    """Major version, rows by table, and the sums of settings.BACKUP_SUMS."""
    cursor.execute("SHOW server_version_num")
    major = int(cursor.fetchone()[0]) // 10_000
    cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    tables = [name for (name,) in cursor.fetchall()]
    rows = {name: _ask(cursor, "SELECT count(*) FROM {}", name) for name in tables}
    sums = {
        f"{table}.{column}": str(_ask(cursor, "SELECT sum({1}) FROM {0}", table, column))
        for table, column in settings.BACKUP_SUMS
        if table in tables
    }
    return {"postgres": major, "rows": rows, "sums": sums}


def _ask(cursor: Any, query: str, *names: str) -> Any:
    cursor.execute(sql.SQL(query).format(*map(sql.Identifier, names)))
    return cursor.fetchone()[0]


def key() -> str:
    """What tells DATA_ENCRYPTION_KEY from another, and gives nothing of it away."""
    return encryption.keyed_hash("backup", "key")


def claim(cursor: Any) -> None:
    """Let nobody else back up or restore; the server frees the lock with the connection."""
    cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
    if not cursor.fetchone()[0]:
        raise BackupError("Another backup is being made, or a restore.")


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        claim(cursor)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _archives(folder: Path) -> dict[datetime, Path]:
    found = {}
    for path in folder.glob("mutirao-*.tar.gz"):
        try:
            found[datetime.strptime(path.name, NAME).replace(tzinfo=UTC)] = path
        except ValueError:  # not named by us
            continue
    return found


def _thin_out(folder: Path) -> None:
    kept = _archives(folder)
    for moment in superfluous(kept):
        kept[moment].unlink(missing_ok=True)


def _copy_away(path: Path) -> None:
    """Copy it to the bucket for backups, if there is one that has it not yet."""
    if "backups" in settings.STORAGES and not storages["backups"].exists(path.name):
        with path.open("rb") as file:
            storages["backups"].save(path.name, file)
