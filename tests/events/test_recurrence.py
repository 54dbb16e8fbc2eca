"""Rules of repetition: what dateutil says, and never more work than a calendar has days."""

import time
from datetime import UTC, date, datetime
from itertools import takewhile

import pytest
from dateutil.rrule import rrulestr
from django.core.exceptions import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from events import recurrence

SATURDAY = date(2026, 11, 28)
HALF_A_YEAR = date(2027, 5, 27)


def days(rule, first=SATURDAY, last=HALF_A_YEAR):
    return list(recurrence.days(recurrence.parse(rule), first, last))


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "garbage",
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=HOURLY",
        "FREQ=WEEKLY;FREQ=DAILY",
        "INTERVAL=2",
        "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=WEEKLY;INTERVAL=-1",
        "FREQ=WEEKLY;INTERVAL=1000000000",
        "FREQ=WEEKLY;COUNT=0",
        "FREQ=WEEKLY;COUNT=1000000000",
        "FREQ=WEEKLY;COUNT=2;UNTIL=20270101",
        "FREQ=WEEKLY;UNTIL=99999999",
        "FREQ=WEEKLY;UNTIL=20270230",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=1SA",
        "FREQ=MONTHLY;BYDAY=0SA",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=DAILY;BYHOUR=9",
        "FREQ=DAILY;BYMINUTE=1",
        "FREQ=DAILY;BYSECOND=1",
        "FREQ=YEARLY;BYWEEKNO=1",
        "FREQ=YEARLY;BYEASTER=0",
        "FREQ=WEEKLY;",
        "FREQ=WEEKLY\nCOUNT=3",
        "FREQ=WEEKLY;COUNT=٣",
        "DTSTART=20270101;FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=" + ",".join(["SA"] * 200),
    ],
)
def test_what_is_no_rule_by_days_is_refused(rule):
    with pytest.raises(ValidationError):
        recurrence.parse(rule)


@pytest.mark.parametrize(
    "rule", ["RRULE:FREQ=WEEKLY;COUNT=2", "freq=weekly;count=2", "FREQ=WEEKLY;COUNT=2;WKST=SU"]
)
def test_a_rule_may_be_written_as_calendars_write_it(rule):
    assert days(rule) == [SATURDAY, date(2026, 12, 5)]


def test_until_is_a_day_or_a_moment():
    assert recurrence.parse("FREQ=DAILY;UNTIL=20270102").until == date(2027, 1, 2)
    moment = datetime(2027, 1, 2, 12, tzinfo=UTC)
    assert recurrence.parse("FREQ=DAILY;UNTIL=20270102T120000Z").until == moment


NEVER = [
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=31",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=31",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
]


@pytest.mark.parametrize("rule", NEVER)
def test_days_that_never_come_are_not_looked_for_long(rule):
    start = time.process_time()

    assert days(rule) == []
    assert time.process_time() - start < 1


def lists(values):
    return st.lists(values, min_size=1, max_size=3, unique=True).map(
        lambda chosen: ",".join(map(str, chosen))
    )


DAY = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
ORDINAL_DAY = st.builds(lambda nth, day: f"{nth}{day}", st.sampled_from(["", 1, 2, -1]), DAY)
DAY_OF_MONTH = st.integers(-31, 31).filter(bool)
OFTEN = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["DAILY", "WEEKLY"])},
    optional={
        "INTERVAL": st.integers(1, 9),
        "COUNT": st.integers(1, 40),
        "BYDAY": lists(DAY),
        "BYMONTH": lists(st.integers(1, 12)),
        "WKST": DAY,
    },
)
RARELY = st.fixed_dictionaries(
    {"FREQ": st.sampled_from(["MONTHLY", "YEARLY"])},
    optional={
        "INTERVAL": st.integers(1, 3),
        "COUNT": st.integers(1, 40),
        "BYDAY": lists(ORDINAL_DAY),
        "BYMONTHDAY": lists(DAY_OF_MONTH),
        "BYMONTH": lists(st.integers(1, 12)),
    },
)
RULES = st.one_of(OFTEN, RARELY).map(
    lambda parts: ";".join(f"{name}={value}" for name, value in parts.items())
)


@settings(max_examples=60, deadline=None)
@given(rule=RULES, first=st.dates(date(2024, 1, 1), date(2099, 12, 31)))
def test_the_days_are_those_of_dateutil(rule, first):
    last = date(first.year + 1, 6, 30)
    # Day by day an end is near; what dateutil finds after it does not matter.
    dated = rrulestr(f"{rule}", dtstart=datetime(first.year, first.month, first.day))
    if "COUNT" not in rule:
        dated = dated.replace(until=datetime(last.year, last.month, last.day))
    theirs = (one.date() for one in dated)

    assert days(rule, first, last) == list(takewhile(lambda day: day <= last, theirs))
