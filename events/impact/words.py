"""What people read instead of the names of figures."""

from datetime import date

from django.utils.formats import date_format, number_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from events.impact.sums import UNITS
from users.models import Contribution


def kind_name(kind: str) -> str:
    return str(capfirst(Contribution.Kind(kind).label))


def measure_name(measure: str) -> str:
    return {
        "events": _("Events"),
        "people": _("People"),
        "visits": _("Visits"),
        "hours": _("Hours"),
    }[measure]


def amount(number: float, unit: str = "") -> str:
    """A number as its readers write it, without decimals where there are none."""
    places = 0 if number == int(number) else 1
    text = number_format(number, places, use_l10n=True, force_grouping=True)
    return f"{text} {unit}".strip()


def kind_amount(kind: str, number: float) -> str:
    return amount(number, UNITS.get(kind, ""))


def month_name(month: date) -> str:
    return str(capfirst(date_format(month, "YEAR_MONTH_FORMAT")))
