"""Who of the staff is told when somebody waits for a person."""

from django.contrib import admin
from django.db.models import ForeignKey
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from leads.models import DutyShift
from users.models import User


@admin.register(DutyShift)
class DutyShiftAdmin(ModelAdmin):
    list_display = ["staff", "is_on", "is_escalation"]
    list_editable = ["is_on", "is_escalation"]
    list_filter = ["is_on", "is_escalation"]
    list_select_related = ["staff"]
    search_fields = ["staff__email", "staff__first_name"]
    ordering = ["staff__first_name", "pk"]
    fields = ["staff", "is_on", "is_escalation"]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey, request: HttpRequest, **options: object
    ) -> ModelChoiceField | None:
        """Offer staff only."""
        staff = User.objects.filter(is_staff=True, is_active=True).order_by("first_name", "pk")
        return super().formfield_for_foreignkey(db_field, request, queryset=staff, **options)
