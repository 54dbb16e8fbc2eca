"""What a copy of a person's data holds. Each app adds its part when it is ready (AppConfig.ready):

    exports.register("participations", rows)

`rows` takes the person and gives dictionaries, one after the other; `files` gives pairs of a name
and a stored file. A new field of User is in the copy without being named.
"""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

import orjson
from django.db import models
from django.db.models.fields.files import FieldFile

from users.models import LoginAttempt, User, UserStatistics

Row = dict[str, Any]
Rows = Callable[[User], Iterable[Row]]
Files = Callable[[User], Iterable[tuple[str, FieldFile]]]

# What lets somebody in, or says nothing about the person.
SECRETS: Final = {"password", "token_version", "password_rehashed_at", "id"}
_rows: dict[str, Rows] = {}
_files: dict[str, Files] = {}


def register(name: str, rows: Rows, files: Files | None = None) -> None:
    """Add `<name>.json` to every copy, and the files, if there are any, as `<name>/…`."""
    _rows[name] = rows
    if files:
        _files[name] = files


def write(user: User, target: IO[bytes]) -> None:
    """Write all that is held about the person as a zip file, never all of it in memory."""
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, rows in _rows.items():
            with archive.open(f"{name}.json", "w", force_zip64=True) as file:
                _write_rows(rows(user), file)
        for folder, files in _files.items():
            for name, stored in files(user):
                # Somebody may delete it meanwhile.
                with suppress(FileNotFoundError):
                    _write_file(stored, archive, f"{folder}/{name}")


def _write_file(stored: FieldFile, archive: ZipFile, name: str) -> None:
    with stored.open() as source, archive.open(name, "w", force_zip64=True) as target:
        shutil.copyfileobj(source, target)


def _write_rows(rows: Iterable[Row], file: IO[bytes]) -> None:
    file.write(b"[")
    for number, row in enumerate(rows):
        file.write(b",\n" if number else b"\n")
        file.write(orjson.dumps(row, default=str, option=orjson.OPT_UTC_Z))
    file.write(b"\n]\n")


def columns(rows: models.QuerySet[Any], *names: str) -> Iterator[Row]:
    """These columns of the rows, read from the database bit by bit."""
    return rows.order_by("pk").values(*names).iterator()


def stored_files(user: User) -> Iterator[tuple[str, FieldFile]]:
    """The files that the row of a person names."""
    for field in user._meta.concrete_fields:
        if isinstance(field, models.FileField) and (file := getattr(user, field.attname)):
            yield file.name.rpartition("/")[2], file


def _profile(user: User) -> Iterator[Row]:
    names = [field.attname for field in user._meta.concrete_fields if field.name not in SECRETS]
    return columns(User.objects.filter(pk=user.pk), *names)


def _sign_in_attempts(user: User) -> Iterator[Row]:
    attempts = LoginAttempt.objects.filter(account=user.email)
    return columns(attempts, "address", "succeeded", "refused", "attempted_at")


register("profile", _profile, stored_files)
register(
    "contributions",
    lambda user: columns(
        user.contributions.all(),
        *("kind", "amount", "category", "source", "reason", "happened_at", "recorded_at"),
    ),
)
register(
    "badges",
    lambda user: columns(
        user.badge_awards.all(),
        *("badge__slug", "badge__name", "awarded_at", "revoked_at", "reason", "told_at"),
    ),
)
register(
    "statistics",
    lambda user: columns(
        UserStatistics.objects.filter(user=user),
        *("events", "hours", "longest_streak", "last_streak", "last_week", "updated_at"),
    ),
)
register(
    "copies",
    lambda user: columns(user.data_exports.all(), "status", "requested_at", "ready_at"),
)
register("roles", lambda user: columns(user.groups.all(), "name"))
register("totals", lambda user: columns(user.contribution_totals.all(), "kind", "amount"))
register(
    "notifications",
    lambda user: columns(
        user.notification_preferences.all(),
        *("kind", "channel", "is_wanted", "by_opt_out", "changed_at"),
    ),
)
register(
    "sessions",
    lambda user: columns(
        user.token_families.all(),
        *("user_agent", "address", "created_at", "rotated_at", "expires_at", "revoked_at"),
    ),
)
register("sign_in_attempts", _sign_in_attempts)
