"""Tables of leads that staff bring in."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.encryption import EncryptedJSONField
from users.models.tables import TableImport


class LeadImport(TableImport):
    """A table of people who are not volunteers yet; what it holds of them is encrypted."""

    rows = EncryptedJSONField(default=list)
    errors = EncryptedJSONField(_("errors"), default=list)
    # Lines about somebody who is a lead already, and is left as they are: [line, lead].
    duplicates = models.JSONField(_("duplicates"), default=list)

    class Meta:
        verbose_name = _("import of leads")
        verbose_name_plural = _("imports of leads")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(position__lte=models.F("row_count")),
                name="lead_import_ends_with_its_rows",
            ),
        ]
        indexes = [
            models.Index(
                fields=["touched_at"],
                condition=models.Q(status__in=("checking", "importing")),
                name="lead_import_works",
            ),
        ]
