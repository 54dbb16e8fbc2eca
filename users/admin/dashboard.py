"""The panel of the dashboard about what people gave."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from config import series
from config.admin import charts, dashboard
from config.models import Totals
from users.models import Contribution


def given(totals: Totals) -> dict[str, Any]:
    """One chart for each kind of which there is any."""
    return {"charts": [chart for kind in Contribution.Kind if (chart := _chart(totals, kind))]}


def _chart(totals: Totals, kind: Contribution.Kind) -> dict[str, Any] | None:
    months = series.points(totals, "given", kind.value)
    columns = charts.columns(months, day_format="M Y")
    if not columns:
        return None
    total = charts.shown(sum(value for _day, value in months))
    unit = Contribution.UNITS.get(kind, "")
    return {"title": kind.label, "columns": columns, "total": f"{total} {unit}".strip()}


dashboard.register(
    dashboard.Panel(
        _("Hours and impact of twelve months"),
        "admin/panels/charts.html",
        "users.view_contribution",
        given,
        30,
    )
)
