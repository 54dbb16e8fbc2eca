"""What people do at events."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from events.models import IMPACT_KINDS, EventCategory


class CategoryForm(forms.ModelForm):
    metrics = forms.MultipleChoiceField(
        label=_("figures of a report"),
        choices=IMPACT_KINDS,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


@admin.register(EventCategory)
class EventCategoryAdmin(ModelAdmin):
    form = CategoryForm
    list_display = ["name", "slug", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name"]

    def get_readonly_fields(self, request: HttpRequest, obj: EventCategory | None = None) -> Any:
        """The ledger and the rules of badges name a category by its slug."""
        return ["slug"] if obj else []

    def get_prepopulated_fields(
        self, request: HttpRequest, obj: EventCategory | None = None
    ) -> dict[str, Any]:
        return {} if obj else {"slug": ["name"]}
