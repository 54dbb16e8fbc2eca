"""What people do at events."""

from django import forms
from django.contrib import admin
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
    prepopulated_fields = {"slug": ["name"]}
