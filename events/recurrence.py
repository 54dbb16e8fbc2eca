"""Rules of repetition (RFC 5545) by whole days: what dateutil makes of them, within bounds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import takewhile

from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

MAX_LENGTH = 500
# The calendar repeats itself after so many years.
CYCLE = 400

_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_DAY_OF_MONTH = r"[+-]?(?:[1-9]|[12]\d|3[01])"
_ORDINAL = r"[+-]?[1-5]"
# The parts that a rule may have. A time of day is none: each event starts when the first does.
_PARTS = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": r"[1-9]\d{0,2}",
    "COUNT": r"[1-9]\d{0,2}",
    "UNTIL": r"\d{8}(?:T\d{6}Z)?",
    "BYDAY": rf"(?:{_ORDINAL})?{_DAY}(?:,(?:{_ORDINAL})?{_DAY})*",
    "BYMONTHDAY": rf"{_DAY_OF_MONTH}(?:,{_DAY_OF_MONTH})*",
    "BYMONTH": r"(?:[1-9]|1[0-2])(?:,(?:[1-9]|1[0-2]))*",
    "BYSETPOS": rf"{_DAY_OF_MONTH}(?:,{_DAY_OF_MONTH})*",
    "WKST": _DAY,
}


@dataclass(frozen=True)
class Rule:
    """A rule that was read: on which days, and until when."""

    text: str
    until: date | datetime | None


def parse(text: str) -> Rule:
    """Read a rule; refuse what is none, or asks for more than days."""
    parts = _parts(text.upper().removeprefix("RRULE:"))
    until = parts.pop("UNTIL", None)
    if "FREQ" not in parts or (until and "COUNT" in parts):
        raise _refusal()
    if re.search(r"\d", parts.get("BYDAY", "")) and parts["FREQ"] in ("DAILY", "WEEKLY"):
        raise _refusal()
    kept = ";".join(f"{name}={value}" for name, value in parts.items())
    return Rule(kept, _moment(until) if until else None)


def _parts(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in text.split(";")]
    parts = {name: value for name, _is, value in pairs}
    is_good = len(text) <= MAX_LENGTH and len(parts) == len(pairs)
    if not is_good or not all(
        re.fullmatch(_PARTS.get(name, "(?!)"), value, re.ASCII) for name, value in parts.items()
    ):
        raise _refusal()
    return parts


def _moment(until: str) -> date | datetime:
    try:
        if "T" in until:
            return datetime.strptime(until, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return datetime.strptime(until, "%Y%m%d").date()
    except ValueError:
        raise _refusal() from None


def _refusal() -> ValidationError:
    return ValidationError(
        _("Give a rule like FREQ=WEEKLY;BYDAY=SA;COUNT=10, by days and without times."),
        "invalid_rule",
    )


def days(rule: Rule, first_day: date, last_day: date) -> Iterator[date]:
    """The days of a rule, in their order.

    For one that never comes (30 February) dateutil looks until the year 9999, which takes
    seconds. So it looks in the last cycle of the calendar that is the same as ours: it
    comes to that end soon, and never meets the days that we do not want.
    """
    years = (9999 - last_day.year) // CYCLE * CYCLE
    start = datetime.combine(first_day.replace(year=first_day.year + years), time())
    found = (one.date() for one in rrulestr(rule.text, dtstart=start))
    ours = (day.replace(year=day.year - years) for day in found)
    return takewhile(lambda day: day <= last_day, ours)
