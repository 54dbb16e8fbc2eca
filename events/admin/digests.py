"""The weekly mails of events near a person."""

from django.contrib import admin

from config.admin.lists import ReadOnlyAdmin
from events.models import Digest


@admin.register(Digest)
class DigestAdmin(ReadOnlyAdmin):
    list_display = ["user", "week", "attempts", "sent_at", "skipped_at", "failed_at"]
    list_filter = ["week"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    ordering = ["-created_at", "-pk"]
    fields = ["user", "week", "created_at", "attempts", "sent_at", "skipped_at", "failed_at"]
