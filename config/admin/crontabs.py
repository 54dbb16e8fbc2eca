"""A crontab in words."""

import calendar

from cron_descriptor import (
    FormatException,
    MissingFieldException,
    Options,
    WrongArgumentException,
    get_description,
)
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import get_language
from django_celery_beat.models import CrontabSchedule

LOCALES = {"pt-br": "pt_PT", "en": "en_US"}


def in_words(crontab: CrontabSchedule) -> str:
    """Say in the reader's language when it runs; what has no words stays as it is written."""
    fields = ("minute", "hour", "day_of_month", "month_of_year", "day_of_week")
    expression = " ".join(getattr(crontab, field).replace(" ", "") for field in fields)
    options = Options()
    options.locale_code = LOCALES.get(get_language() or "", "pt_PT")
    options.use_24hour_time_format = True
    try:
        words = get_description(expression, options)
    except (FormatException, MissingFieldException, WrongArgumentException):
        words = expression
    return f"{_with_local_names(words)} ({crontab.timezone})"


def _with_local_names(words: str) -> str:
    """The describer takes the names of days and months from the system, in English."""
    for number, name in WEEKDAYS.items():
        words = words.replace(calendar.day_name[number], str(name))
    for number, name in MONTHS.items():
        words = words.replace(calendar.month_name[number], str(name))
    return words
