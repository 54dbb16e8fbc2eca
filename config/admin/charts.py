"""Numbers as columns, drawn by the server: nothing to load, and readable without the picture."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format, number_format

FULL = 100
THOUSAND = 1000


@dataclass(frozen=True)
class Column:
    label: str
    value: str
    short: str  # what fits above a column of a phone
    height: int  # in percent of the highest


def columns(points: Iterable[tuple[date, float]], *, day_format: str) -> list[Column]:
    """One column for each point, in their order; an empty list if there is nothing but zeros."""
    points = list(points)
    highest = max((value for _day, value in points), default=0)
    if highest <= 0:
        return []
    return [
        Column(
            label=date_format(day, day_format),
            value=shown(value),
            short=_short(value),
            height=round(max(value, 0) / highest * FULL),
        )
        for day, value in points
    ]


def shown(value: float) -> str:
    """A number as the reader writes it, with as few decimals as it has, and at most one."""
    rounded = round(value, 1)
    number = int(rounded) if rounded == int(rounded) else rounded
    return number_format(number, force_grouping=True)


def _short(value: float) -> str:
    if value < THOUSAND:
        return number_format(round(value))
    return f"{number_format(round(value / THOUSAND))}k"
