"""What the organisation tells of a month."""

from datetime import date
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ImpactReport(models.Model):
    """The figures of a month as they were when it was told, and the file made of them."""

    # Its first day.
    month = models.DateField(_("month"), unique=True)
    figures = models.JSONField(_("figures"))
    # Empty until the file is made, which a beat task sees.
    pdf = models.FileField(_("file"), upload_to="reports", max_length=200, blank=True)
    # Counts what the file must not show any more: one that was drawn meanwhile is not kept.
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    generated_at = models.DateTimeField(_("generated at"), default=timezone.now)

    class Meta:
        verbose_name = _("monthly report")
        verbose_name_plural = _("monthly reports")
        ordering: ClassVar[list[str]] = ["-month"]
        constraints = [
            models.CheckConstraint(condition=Q(month__day=1), name="impact_report_is_of_a_month"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.slug}"

    @property
    def slug(self) -> str:
        return slug_of(self.month)


def slug_of(month: date) -> str:
    return f"{month:%Y-%m}"
