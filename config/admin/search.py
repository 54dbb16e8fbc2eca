"""The search of the admin (Ctrl+K): people and things by the words of their lists."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from unfold.dataclasses import SearchResult

EACH = 8
SHORTEST = 2


@dataclass(frozen=True)
class Found:
    """How rows of a model are shown: their title, and what tells them from others."""

    icon: str
    title: Callable[[Any], str]
    detail: Callable[[Any], str]
    related: tuple[str, ...] = ()


_all: dict[type[Model], Found] = {}


def register(model: type[Model], found: Found) -> None:
    """Let the rows of a model be found, by what its list in the admin searches."""
    _all[model] = found


def search(request: HttpRequest, term: str) -> list[SearchResult]:
    """What this person may look at, at most EACH of one kind: who wants all opens the list."""
    if len(term.strip()) < SHORTEST:
        return []
    return [
        _result(model, found, row)
        for model, found in _all.items()
        if admin.site._registry[model].has_view_permission(request)
        for row in _rows(request, model, found, term.strip())
    ]


def _rows(request: HttpRequest, model: type[Model], found: Found, term: str) -> list[Any]:
    """In the order of the list, but without what it counts for each row."""
    page = admin.site._registry[model]
    rows = model._default_manager.select_related(*found.related)
    matching, _may_have_twins = page.get_search_results(request, rows, term)
    return list(matching.order_by(*page.get_ordering(request))[:EACH])


def _result(model: type[Model], found: Found, row: Any) -> SearchResult:
    opts = model._meta
    return SearchResult(
        title=found.title(row),
        description=f"{capfirst(opts.verbose_name)}: {found.detail(row)}",
        link=reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]),
        icon=found.icon,
    )
