"""Imports of leads: a table is brought, checked, looked at and then confirmed or discarded."""

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from config.admin import waiting
from leads.models import LeadImport
from leads.services.imports import LEADS
from users.admin.imports import TableImportAdmin, deciding


def undecided() -> QuerySet[LeadImport]:
    return LeadImport.objects.filter(status=LeadImport.Status.CHECKED)


waiting.register(_("Imports of leads"), undecided, "status__exact=checked")


@admin.register(LeadImport)
class LeadImportAdmin(TableImportAdmin):
    tables = LEADS
    title = _("Import leads")
    help_text = _(
        "CSV (UTF-8, with commas or semicolons) or a workbook (.xlsx), at most 20,000 lines. "
        "The first line names the columns: email or phone, and any of name, city, state, source, "
        "tags, note, consent_text, consent_version. Who is there already is left as they are."
    )
    commands = deciding(
        LEADS,
        _("Import these leads?"),
        _(
            "Lines with errors and people who are there already are left out. Nobody is written "
            "to; only who has a consent_text may be written to unasked later."
        ),
    )
    fieldsets = [
        *TableImportAdmin.fieldsets[:-1],
        (_("There already"), {"fields": ["duplicate_list"]}),
        TableImportAdmin.fieldsets[-1],
    ]

    @display(description=_("duplicates"), empty_value="–")
    def duplicate_list(self, row: LeadImport) -> SafeString | None:
        lines = (
            (
                _("line %(line)d") % {"line": line},
                reverse("admin:leads_lead_change", args=[lead]),
                f"#{lead}",
            )
            for line, lead in row.duplicates
        )
        return format_html_join("", '<p>{}: <a href="{}">{}</a></p>', lines) or None
