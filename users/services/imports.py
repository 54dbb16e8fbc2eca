"""Tables of people become accounts: brought, checked, confirmed, then made batch by batch."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

import tablib
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.results import Result

from config.errors import DomainError
from config.tables.writing import plain
from users import tasks
from users.models import User, UserImport
from users.resources import UserResource

Status = UserImport.Status
FIELDS = UserResource.Meta.fields
# As people who speak Portuguese may call the columns.
OTHER_NAMES = {
    "e-mail": "email",
    "nome": "first_name",
    "sobrenome": "last_name",
    "telefone": "phone",
    "cidade": "city",
    "idioma": "language",
    "nascimento": "birth_date",
}
BATCH = 500
MOST_ERRORS = 200
MAX_ATTEMPTS = 5
PATIENCE = timedelta(minutes=2)
NEXT = {Status.CHECKING: Status.CHECKED, Status.IMPORTING: Status.DONE}
COUNTS = ("new_count", "changed_count", "same_count", "error_count")


class NoSuchColumns(DomainError):
    code = "no_such_columns"
    message = gettext_lazy(
        "The first line must name the columns: email and first_name, and any of last_name, "
        "phone, city, language, birth_date."
    )


class NotChecked(DomainError):
    code = "not_checked"
    message = gettext_lazy("This import does not wait for a decision.")


def begin_import(file_name: str, rows: list[list[str]], *, by: User) -> UserImport:
    """Keep the table and let a task check it."""
    headers = [_name(cell) for cell in rows[0]]
    known = [name for name in headers if name in FIELDS]
    if not {"email", "first_name"} <= {*known} or len(known) != len({*known}):
        raise NoSuchColumns
    lines = list(_lines(headers, rows[1:]))
    row = UserImport.objects.create(
        file_name=file_name[:200], uploaded_by=by, rows=lines, row_count=len(lines)
    )
    tasks.run_user_import.delay_on_commit(row.pk)
    return row


def confirm_import(row: UserImport) -> None:
    """Let a task make accounts of the lines without errors."""
    fresh = dict.fromkeys((*COUNTS, "position", "attempts"), 0)
    waiting = UserImport.objects.filter(pk=row.pk, status=Status.CHECKED)
    if not waiting.update(status=Status.IMPORTING, errors=[], touched_at=timezone.now(), **fresh):
        raise NotChecked
    tasks.run_user_import.delay_on_commit(row.pk)


def discard_import(row: UserImport) -> None:
    """Forget the people of a table that is not wanted."""
    waiting = UserImport.objects.filter(pk=row.pk, status=Status.CHECKED)
    if not waiting.update(status=Status.DISCARDED, rows=[]):
        raise NotChecked


def run_import(import_id: int) -> None:
    """Do the next batch, and nudge the one after it.

    The try is counted first and for itself, so that a batch that kills its worker is given up.
    What a batch does and how far it came are one transaction: killed, it is done again.
    """
    mine = UserImport.objects.working().filter(pk=import_id)
    if not mine.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        return
    with transaction.atomic():
        row = mine.select_for_update().first()
        if row is None:
            return
        with translation.override(row.uploaded_by.language):
            _do_batch(row)
        if row.is_working:
            tasks.run_user_import.delay_on_commit(row.pk)


def waiting_imports() -> list[int]:
    """Give up on what failed too often; return what else nobody works on."""
    stuck = UserImport.objects.working().filter(touched_at__lt=timezone.now() - PATIENCE)
    stuck.filter(attempts__gte=MAX_ATTEMPTS).update(status=Status.FAILED, rows=[])
    return list(stuck.values_list("pk", flat=True))


def _name(header: str) -> str:
    name = header.strip().lower()
    return OTHER_NAMES.get(name, name)


def _lines(headers: list[str], rows: Iterable[list[str]]) -> Iterator[dict[str, str]]:
    """Each line by its fields, with the number that a spreadsheet shows and what it repeats."""
    seen: dict[str, int] = {}
    for number, cells in enumerate(rows, start=2):
        padded = [*cells, *[""] * len(headers)]
        found = dict(zip(headers, padded, strict=False))
        line = {name: _cell(name, found[name]) for name in FIELDS if name in found}
        first = seen.setdefault(line["email"], number) if line["email"] else number
        text = _("The same e-mail as in line %(line)d.") % {"line": first}
        yield {**line, "error": text if first != number else "", "line": str(number)}


def _cell(name: str, cell: str) -> str:
    text = plain(" ".join(cell.split()).replace("\0", ""))
    if name == "email":
        return User.normalize_username(text)
    if name == "birth_date" and len(parts := text.split("/")) == 3:  # noqa: PLR2004
        return "-".join(part.zfill(2) for part in reversed(parts))
    return text


def _do_batch(row: UserImport) -> None:
    batch = row.rows[row.position : row.position + BATCH]
    is_dry = row.status == Status.CHECKING
    table = tablib.Dataset(headers=[name for name in batch[0] if name != "line"])
    for line in batch:
        table.append([line[name] for name in table.headers])
    result = UserResource(locks=not is_dry).import_data(table, dry_run=is_dry)
    if result.base_errors:  # somebody took an address meanwhile: the whole batch once more
        raise result.base_errors[0].error
    _note(row, batch, result)


def _note(row: UserImport, batch: list[dict[str, str]], result: Result) -> None:
    row.new_count += result.totals["new"]
    row.changed_count += result.totals["update"]
    row.same_count += result.totals["skip"]
    row.error_count += result.totals["invalid"] + result.totals["error"]
    row.errors = [*row.errors, *_errors(batch, result)][:MOST_ERRORS]
    row.position += len(batch)
    row.attempts, row.touched_at = 0, timezone.now()
    if row.position == row.row_count:
        row.status = NEXT[Status(row.status)]
    if row.status == Status.DONE:
        row.rows = []
    row.save()


def _errors(batch: list[dict[str, str]], result: Result) -> Iterator[tuple[int, str]]:
    found = {one.number: "; ".join(_texts(one.error)) for one in result.invalid_rows}
    found |= {one.number: str(one.errors[0].error) for one in result.error_rows}
    for number, text in sorted(found.items()):
        yield int(batch[number - 1]["line"]), text


def _texts(error: object) -> Iterator[str]:
    by_field = getattr(error, "message_dict", None) if hasattr(error, "error_dict") else None
    if by_field is None:
        yield from error.messages  # type: ignore[attr-defined]
        return
    for name, texts in by_field.items():
        yield f"{name}: {' '.join(texts)}"
