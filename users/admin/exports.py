"""Tables that staff take away, and the record of who took which."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from import_export.resources import ModelResource
from unfold.decorators import display

from config.admin.lists import ReadOnlyAdmin
from config.tables import writing
from users.models import Export, User

MAY_EXPORT = "users.add_export"
CHUNK = 2000
# A workbook is made before its first byte goes out: what is larger goes out as CSV, line by line.
MOST_IN_WORKBOOK = 20_000


class Exported:
    """A list whose chosen rows, or all that its filters leave, may be taken away as a table."""

    table: type[ModelResource]
    # What the columns need of other tables.
    table_related: tuple[str, ...] = ()
    table_prefetched: tuple[str, ...] = ()

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_EXPORT)

    @admin.action(description=_("Export as CSV"), permissions=["export"])
    def export_csv(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase:
        _record(request, rows, "csv")
        return writing.csv_response(_rows(self, rows), rows.model._meta.model_name)

    @admin.action(description=_("Export as a workbook"), permissions=["export"])
    def export_xlsx(self, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponseBase | None:
        if rows.count() > MOST_IN_WORKBOOK:
            text = _("A workbook takes at most %(most)d lines: export as CSV.")
            messages.error(request, text % {"most": MOST_IN_WORKBOOK})
            return None
        _record(request, rows, "xlsx")
        return writing.xlsx_response(_rows(self, rows), rows.model._meta.model_name)


def _record(request: HttpRequest, rows: QuerySet[Any], file_format: str) -> None:
    assert isinstance(request.user, User)  # noqa: S101
    Export.objects.create(
        what=rows.model._meta.label,
        file_format=file_format,
        row_count=rows.count(),
        exported_by=request.user,
    )


def _rows(page: Exported, chosen: QuerySet[Any]) -> Iterator[list[Any]]:
    table = page.table()
    # Without what the list counts for each row.
    plain = chosen.model._default_manager.filter(pk__in=chosen.order_by().values("pk"))
    related = plain.select_related(*page.table_related) if page.table_related else plain
    yield table.get_export_headers()
    many = related.prefetch_related(*page.table_prefetched)
    for row in many.order_by("pk").iterator(CHUNK):
        yield table.export_resource(row)


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    list_display = ["table", "file_format", "row_count", "exported_by", "exported_at"]
    list_select_related = ["exported_by"]
    ordering = ["-exported_at", "-pk"]
    fields = ["table", "file_format", "row_count", "exported_by", "exported_at"]

    @display(description=_("what"), ordering="what")
    def table(self, export: Export) -> str:
        return capfirst(str(apps.get_model(export.what)._meta.verbose_name_plural))
