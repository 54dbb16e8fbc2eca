# PLACEHOLDER: of "people"
from django.contrib import admin

from config.admin.lists import ReadOnlyAdmin
from leads.admin.bulk import WritesToMany
from leads.models import Lead


@admin.register(Lead)
class LeadAdmin(WritesToMany, ReadOnlyAdmin):
    list_display = ["name", "city", "stage"]
    fields = ["name", "city", "stage"]
    actions = ["write_to_selected"]
