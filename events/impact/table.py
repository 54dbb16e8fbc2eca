"""The figures of a month as a table for spreadsheets."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from events.impact import sums
from events.impact.words import kind_name, measure_name

# What spreadsheets take for a formula when a cell begins with it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
Row = tuple[str, str, str, Any, str]


def as_csv(figures: dict[str, Any]) -> str:
    """One line for each number, under a heading; Excel knows UTF-8 by the mark before it."""
    text = io.StringIO()
    text.write("\ufeff")
    table = csv.writer(text)
    table.writerow([_("Section"), _("Name"), _("Measure"), _("Amount"), _("Unit")])
    for row in rows(figures):
        table.writerow([safe(cell) for cell in row])
    return text.getvalue()


def rows(figures: dict[str, Any]) -> Iterator[Row]:
    yield from _rows(_("Total"), "", figures)
    for category in figures["categories"]:
        yield from _rows(_("Category"), category["name"], category)
    for week in figures["weeks"]:
        yield from _rows(_("Week"), f"{week['from']} – {week['to']}", week)
    for city in figures["cities"]:
        yield from _rows(_("City"), city["city"], city)


def safe(cell: Any) -> Any:
    """A text that no spreadsheet runs."""
    is_formula = isinstance(cell, str) and cell.startswith(FORMULA)
    return f"'{cell}" if is_formula else cell


def _rows(section: str, name: str, figures: dict[str, Any]) -> Iterator[Row]:
    for measure in sums.MEASURES:
        unit = "h" if measure == "hours" else ""
        yield section, name, measure_name(measure), figures[measure], unit
    for kind, amount in figures.get("figures", {}).items():
        yield section, name, kind_name(kind), amount, sums.UNITS.get(kind, "")
