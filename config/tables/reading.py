"""Reads the table that a person brought: every cell as text, or one sentence that says why not."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from itertools import islice
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LARGEST = 5 * 1024 * 1024
# A workbook is a zip: what is small may unpack to anything.
LARGEST_UNPACKED = 60 * 1024 * 1024
MOST_ROWS = 20_000
MOST_COLUMNS = 50
LONGEST_CELL = 10_000
DELIMITERS = ",;\t"
# What breaks a workbook that is none, or was made to do harm.
BROKEN = (
    zipfile.BadZipFile,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    EOFError,
    OSError,
    SyntaxError,  # of XML
)

Row = list[str]


def read(file: IO[bytes], size: int) -> list[Row]:
    """All rows, the headers first. Raises ValidationError."""
    if size > LARGEST:
        raise ValidationError(_("The file is larger than 5 MB."))
    content = file.read()
    is_workbook = content.startswith(b"PK\x03\x04")
    rows = list(islice(_workbook(content) if is_workbook else _csv(content), MOST_ROWS + 2))
    if len(rows) < 2:  # noqa: PLR2004
        raise ValidationError(_("The file has no rows below the headers."))
    if len(rows) > MOST_ROWS + 1:
        text = _("The file has more than %(most)d lines: divide it.")
        raise ValidationError(text % {"most": MOST_ROWS})
    return rows


def _csv(content: bytes) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(
            _("The file is not in UTF-8: save it as “CSV UTF-8” or as a workbook (.xlsx).")
        ) from error
    if "\0" in text:
        raise ValidationError(_("The file is neither CSV nor a workbook (.xlsx)."))
    head = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=head.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if any(cell.strip() for cell in row):
                yield _checked(row)
    except csv.Error as error:
        raise ValidationError(_("The file is not written as CSV is.")) from error


def _workbook(content: bytes) -> Iterator[Row]:
    # Not at the start of a process: it brings numpy along, which most never need.
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise ValidationError(_("The workbook is too large."))
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=False)
        for row in book.worksheets[0].iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
            cells = [_text(cell) for cell in row]
            if any(cells):
                yield _checked(cells)
    except (*BROKEN, InvalidFileException) as error:
        raise ValidationError(_("The workbook cannot be read.")) from error


def _checked(row: Row) -> Row:
    while row and not row[-1]:
        row = row[:-1]
    if len(row) > MOST_COLUMNS:
        raise ValidationError(_("The file has too many columns."))
    if any(len(cell) > LONGEST_CELL for cell in row):
        raise ValidationError(_("A cell of the file is too long."))
    return row


def _text(cell: Any) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.date().isoformat()
        case date():
            return cell.isoformat()
        case float() if cell.is_integer():
            return str(int(cell))
    return str(cell)
