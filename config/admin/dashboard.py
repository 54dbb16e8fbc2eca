"""The first page of the admin: panels that each app adds, to who may see what they show."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config import totals
from config.admin import waiting
from config.models import Totals

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

admin.site.index_template = "admin/dashboard.html"


@dataclass(frozen=True)
class Panel:
    """A part of the page; `facts` get the totals of the hour, for what is too much to count now."""

    title: "StrOrPromise"
    template: str
    permission: str
    facts: Callable[[Totals], dict[str, Any]] = field(repr=False)
    order: int = 50


_panels: list[Panel] = []


def register(panel: Panel) -> None:
    _panels.append(panel)
    _panels.sort(key=lambda panel: panel.order)


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the template shows, by UNFOLD["DASHBOARD_CALLBACK"]."""
    latest = totals.latest()
    context["title"] = _("Overview")
    context["counted_at"] = latest and latest.counted_at
    context["waiting"] = waiting.counted(request)
    context["panels"] = [
        {"title": panel.title, "template": panel.template, **panel.facts(latest or Totals())}
        for panel in _panels
        if request.user.has_perm(panel.permission)
    ]
    return context
