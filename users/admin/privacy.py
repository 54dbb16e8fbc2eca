"""Whose data was erased."""

from django.contrib import admin

from config.admin.lists import ReadOnlyAdmin
from users.models import Erasure


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    """The proof of it; who it was, nobody knows any more."""

    list_display = ["user", "erased_at", "by", "reason"]
    list_select_related = ["user", "by"]
    fields = ["user", "erased_at", "by", "reason"]
    search_fields = ["reason"]
    ordering = ["-erased_at", "-pk"]
