"""One backup as a file: what is in it, and whether it is whole."""

import gzip
import hashlib
import io
import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

MANIFEST = "manifest.json"
DATABASE = "database.dump"
BROKER = "broker.rdb"
PIECE = 1 << 20
NO_BACKUP = (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, TypeError, KeyError)


class BackupError(Exception):
    """A backup that cannot be made or used; the message says why, for operators."""


@dataclass(frozen=True)
class Manifest:
    """What an archive holds: sha256 by file, rows by table, sums by column.

    `key` tells of which DATA_ENCRYPTION_KEY its rows are; older archives say nothing of it.
    """

    made_at: str
    version: str
    postgres: int
    files: dict[str, str]
    rows: dict[str, int]
    sums: dict[str, str]
    left_out: dict[str, str]
    key: str = ""


def write(path: Path, manifest: Manifest, folder: Path) -> None:
    """Write the folder's files and what is known of them; whole on the disk when it returns."""
    with path.open("wb") as file:
        # The dump is compressed already.
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=1) as archive:
            text = json.dumps(asdict(manifest), indent=1).encode()
            member = tarfile.TarInfo(MANIFEST)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
            for name in manifest.files:
                archive.add(folder / name, name)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, into: Path | None = None) -> Manifest:
    """Check every file against its sum, and unpack them if there is a folder for them.

    Names are those that we write, so an archive of others cannot write elsewhere. Raises
    BackupError for whatever is not a whole backup of ours.
    """
    try:
        with gzip.open(path) as file, tarfile.open(fileobj=file, mode="r|") as archive:
            manifest = _read(archive, into)
            while file.read(PIECE):
                pass  # only at its end does gzip say whether it is whole
            return manifest
    except NO_BACKUP as error:
        raise BackupError(f"{path.name} is no whole backup: {error}.") from error


def _read(archive: tarfile.TarFile, into: Path | None) -> Manifest:
    members = iter(archive)
    manifest = Manifest(**json.loads(_content(archive, next(members, None), MANIFEST).read()))
    found = {}
    for member in members:
        if member.name not in (DATABASE, BROKER):
            raise ValueError(f"it holds {member.name!r}")
        target = into / member.name if into else Path(os.devnull)
        with target.open("wb") as file:
            found[member.name] = _copy(_content(archive, member, member.name), file)
    if DATABASE not in found:
        raise ValueError(f"{DATABASE} is missing")
    if found != manifest.files:
        raise ValueError("its sums do not agree")
    return manifest


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo | None, name: str) -> IO[bytes]:
    content = archive.extractfile(member) if member and member.isreg() else None
    if not content or not member or member.name != name:
        raise ValueError(f"{name} is missing")
    return content


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    total = hashlib.sha256()
    while piece := source.read(PIECE):
        total.update(piece)
        target.write(piece)
    return total.hexdigest()


def sums(folder: Path) -> dict[str, str]:
    """The sha256 of each file in the folder."""
    found = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def drafts(folder: Path) -> Iterator[Path]:
    """What backups that were killed have left."""
    return folder.glob(".draft-*")


def remove_drafts(folder: Path) -> None:
    for path in drafts(folder):
        shutil.rmtree(path, ignore_errors=True)
