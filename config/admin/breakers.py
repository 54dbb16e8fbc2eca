"""What we depend on and how it is: a page to look at."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from config.resilience import Report, reports

STATES = {
    "closed": _("works"),
    "open": _("away, not asked"),
    "half_open": _("away, asked again at the next call"),
}
NAMES = {
    "broker": _("Queue of tasks"),
    "cache": _("Cache of answers"),
    "database": _("Database"),
    "knowledge": _("Pages of the knowledge"),
}
HEADERS = (_("Dependency"), _("State"), _("Failures in a row"), _("Since"), _("Seen by"))


@require_safe
def breakers(request: HttpRequest) -> HttpResponse:
    """Every breaker, to superusers; those of one process as the process sees them that answers."""
    if not request.user.is_superuser:
        raise PermissionDenied
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Dependencies"),
        "table": {"headers": HEADERS, "rows": [_row(report) for report in reports()]},
    }
    return TemplateResponse(request, "admin/breakers.html", context)


def _row(report: Report) -> list[Any]:
    since = date_format(localtime(report.since), "DATETIME_FORMAT") if report.since else "–"
    seen_by = _("all processes") if report.is_shared else _("this process")
    name = NAMES.get(report.name, report.name)
    return [name, STATES[report.state], report.failures, since, seen_by]
