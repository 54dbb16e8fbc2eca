"""Pages and tables that show rows which nobody may change by hand."""

from typing import Any

from django.contrib.auth import get_permission_codename
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline


class ReadOnly:
    """Rows to look at: adding, changing or deleting them by hand would pass by the services."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A list of such rows, each with its page."""


class PartsInline(ReadOnly, TabularInline):
    """Such rows on the page of what they are part of: whoever sees that sees them."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        whole = self.parent_model._meta
        return request.user.has_perm(f"{whole.app_label}.{get_permission_codename('view', whole)}")
