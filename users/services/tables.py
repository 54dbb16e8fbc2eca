"""Tables that staff bring: checked, looked at, confirmed, then done batch by batch.

What its lines become, each kind of table says itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from config.errors import DomainError
from config.nudge import Nudge
from config.tables.writing import plain
from users.models import User
from users.models.tables import TableImport

Status = TableImport.Status
Line = dict[str, str]
BATCH = 500
MOST_ERRORS = 200
MAX_ATTEMPTS = 5
PATIENCE = timedelta(minutes=2)
NEXT = {Status.CHECKING: Status.CHECKED, Status.IMPORTING: Status.DONE}
COUNTS = ("new_count", "changed_count", "same_count", "error_count")


class NotChecked(DomainError):
    code = "not_checked"
    message = gettext_lazy("This import does not wait for a decision.")


@dataclass
class Outcome:
    """What came of a batch, or would come of it; errors and repeats by the number of the line."""

    new: int = 0
    changed: int = 0
    same: int = 0
    failed: int = 0
    errors: list[tuple[int, str]] = field(default_factory=list)
    # Further fields of the row to be set with it.
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tables:
    """One kind of table: its columns, and what becomes of its lines."""

    model: type[TableImport]
    fields: tuple[str, ...]
    # As people who speak Portuguese may call the columns.
    other_names: dict[str, str]
    is_complete: Callable[[set[str]], bool]
    refusal: type[DomainError]
    clean: Callable[[str, str], str]  # a cell, by the name of its column
    # What no two lines may have in common, and what is said of the second.
    keys: Callable[[Line], Iterable[str]]
    repeated: Any
    do: Callable[[Any, list[Line], bool], Outcome]
    task: Callable[[], Nudge]


def begin(tables: Tables, file_name: str, rows: list[list[str]], *, by: User) -> Any:
    """Keep the table and let a task check it."""
    headers = [_name(tables, cell) for cell in rows[0]]
    known = [name for name in headers if name in tables.fields]
    if not tables.is_complete({*known}) or len(known) != len({*known}):
        raise tables.refusal
    lines = list(_lines(tables, headers, rows[1:]))
    row = _all(tables).create(
        file_name=file_name[:200], uploaded_by=by, rows=lines, row_count=len(lines)
    )
    tables.task().delay_on_commit(row.pk)
    return row


def confirm(tables: Tables, row: TableImport) -> None:
    """Let a task do the lines without errors."""
    fresh = dict.fromkeys((*COUNTS, "position", "attempts"), 0)
    waiting = _all(tables).filter(pk=row.pk, status=Status.CHECKED)
    if not waiting.update(status=Status.IMPORTING, errors=[], touched_at=timezone.now(), **fresh):
        raise NotChecked
    tables.task().delay_on_commit(row.pk)


def discard(tables: Tables, row: TableImport) -> None:
    """Forget the people of a table that is not wanted."""
    waiting = _all(tables).filter(pk=row.pk, status=Status.CHECKED)
    if not waiting.update(status=Status.DISCARDED, rows=[]):
        raise NotChecked


def run(tables: Tables, import_id: int) -> None:
    """Do the next batch, and nudge the one after it.

    The try is counted first and for itself, so that a batch that kills its worker is given up.
    What a batch does and how far it came are one transaction: killed, it is done again.
    """
    mine = _all(tables).working().filter(pk=import_id)
    if not mine.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        return
    with transaction.atomic():
        row = mine.select_for_update().first()
        if row is None:
            return
        batch = row.rows[row.position : row.position + BATCH]
        with translation.override(row.uploaded_by.language):
            _note(row, batch, tables.do(row, batch, row.status == Status.CHECKING))
        if row.is_working:
            tables.task().delay_on_commit(row.pk)


def waiting(tables: Tables) -> list[int]:
    """Give up on what failed too often; return what else nobody works on."""
    stuck = _all(tables).working().filter(touched_at__lt=timezone.now() - PATIENCE)
    stuck.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, rows=[])
    return list(stuck.values_list("pk", flat=True))


def text_of(cell: str) -> str:
    """One line of plain text, as it was before it was made safe for spreadsheets."""
    return plain(" ".join(cell.split()).replace("\0", ""))


def _all(tables: Tables) -> Any:
    # Each kind has its own `rows`, of which the abstract model knows nothing.
    return tables.model._default_manager


def _name(tables: Tables, header: str) -> str:
    name = header.strip().lower()
    return tables.other_names.get(name, name)


def _lines(tables: Tables, headers: list[str], rows: Iterable[list[str]]) -> Iterator[Line]:
    """Each line by its fields, with the number that a spreadsheet shows and what it repeats."""
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=2):
        padded = [*cells, *[""] * len(headers)]
        found = dict(zip(headers, padded, strict=False))
        line = {
            name: tables.clean(name, text_of(found[name]))
            for name in tables.fields
            if name in found
        }
        first = min((seen.setdefault(key, number) for key in tables.keys(line)), default=number)
        text = tables.repeated % {"line": first} if first != number else ""
        yield {**line, "error": text, "line": str(number)}


def _note(row: TableImport, batch: list[Line], outcome: Outcome) -> None:
    row.new_count += outcome.new
    row.changed_count += outcome.changed
    row.same_count += outcome.same
    row.error_count += outcome.failed
    row.errors = [*row.errors, *outcome.errors][:MOST_ERRORS]
    row.position += len(batch)
    row.attempts, row.touched_at = 0, timezone.now()
    for name, value in outcome.facts.items():
        setattr(row, name, value)
    if row.position == row.row_count:
        row.status = NEXT[Status(row.status)]
    if row.status == Status.DONE:
        row.rows = []
    row.save()
