"""Writes tables that open safely in spreadsheets, row by row: no table is held in memory."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse

# What a spreadsheet takes for a formula, and runs; a plain number is none.
FORMULA = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"-?\d+([.,]\d+)?")
IN_MEMORY = 5 * 1024 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

Rows = Iterable[list[Any]]


def safe(cell: Any) -> str:
    """The cell as text that no spreadsheet runs: an apostrophe tells that it is only text."""
    text = "" if cell is None else str(cell)
    is_formula = FORMULA.match(text) and not NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def plain(cell: str) -> str:
    """What a cell was before it was made safe."""
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell[1:]) else cell


def csv_response(rows: Rows, name: str) -> HttpResponseBase:
    response = StreamingHttpResponse(_csv_lines(rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_response(rows: Rows, name: str) -> HttpResponseBase:
    # Here, because it loads numpy where that is installed.
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet(name[:31])
    for row in rows:
        sheet.append([ILLEGAL_CHARACTERS_RE.sub("", safe(cell)) for cell in row])
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the response closes it
    book.save(file)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx", content_type=XLSX)


class _Line:
    """Gives back what the writer of CSV writes."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(rows: Rows) -> Iterator[str]:
    yield "\ufeff"  # so that Excel takes it for UTF-8
    writer = csv.writer(_Line())
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])
