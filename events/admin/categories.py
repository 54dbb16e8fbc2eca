"""What people do at events."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from events.models import EventCategory


@admin.register(EventCategory)
class EventCategoryAdmin(ModelAdmin):
    list_display = ["name", "slug", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    prepopulated_fields = {"slug": ["name"]}
