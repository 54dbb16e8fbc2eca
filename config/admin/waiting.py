"""What waits for a decision of staff: each app adds its lists, the dashboard counts them.

waiting.register(_("Photos"), EventPhoto.objects.waiting_for_decision, "state=waiting")
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Rows = Callable[[], QuerySet[Any]]


@dataclass(frozen=True)
class Waiting:
    """A list in the admin, the part of it that waits, and the query that shows this part."""

    label: "StrOrPromise"
    rows: Rows
    query: str

    @property
    def address(self) -> str:
        opts = self.rows().model._meta
        page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        return f"{page}?{self.query}"

    def is_visible_to(self, request: HttpRequest) -> bool:
        opts = self.rows().model._meta
        return request.user.has_perm(f"{opts.app_label}.view_{opts.model_name}")


_all: list[Waiting] = []


def register(label: "StrOrPromise", rows: Rows, query: str = "") -> None:
    """Show on the dashboard how many of these rows there are, to who may look at their list."""
    _all.append(Waiting(label, rows, query))


def count(model: str) -> int:
    """How many rows of that model wait, for the badge of its entry in the sidebar."""
    lists = (one.rows() for one in _all)
    return sum(rows.count() for rows in lists if rows.model._meta.label_lower == model)


def counted(request: HttpRequest) -> list[tuple[Waiting, int]]:
    """The lists that this person may look at, with how many wait in each, by one query."""
    shown = [one for one in _all if one.is_visible_to(request)]
    return list(zip(shown, _count([one.rows() for one in shown]), strict=True))


def _count(lists: list[QuerySet[Any]]) -> list[int]:
    if not lists:
        return []
    columns: list[str] = []
    parameters: list[Any] = []
    for rows in lists:
        sql, values = _sql(rows)
        columns.append(f"(SELECT count(*) FROM ({sql}) waiting)")  # noqa: S608
        parameters += values
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)}", parameters)  # noqa: S608
        return list(cursor.fetchone())


def _sql(rows: QuerySet[Any]) -> tuple[str, tuple[Any, ...]]:
    try:
        return rows.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT 1 WHERE false", ()
