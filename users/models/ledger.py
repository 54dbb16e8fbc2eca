"""The ledger that all numbers come from."""

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User


class Contribution(models.Model):
    """A line of the ledger: what a person gave. Never changed, only reversed by another line."""

    class Kind(models.TextChoices):
        HOURS = "hours", _("hours")
        WASTE = "waste", _("waste collected")
        SEEDLINGS = "seedlings", _("seedlings planted")
        AREA = "area", _("area restored")
        READINGS = "readings", _("readings taken")
        PEOPLE_TAUGHT = "people_taught", _("people taught")

    # What an amount of each kind is counted in; the others are plain numbers.
    UNITS: ClassVar[dict[str, str]] = {Kind.HOURS: "h", Kind.WASTE: "kg", Kind.AREA: "m²"}

    user = models.ForeignKey(
        User,
        models.PROTECT,
        related_name="contributions",
        verbose_name=_("person"),
        db_index=False,  # the index below begins with it
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    # The slug of what people did; the upper apps know the rest of it.
    category = models.CharField(_("category"), max_length=80, blank=True, default="", db_default="")
    # Says what the line is for, so that the same fact counts once: "event:7:user:3:1".
    source = models.CharField(_("source"), max_length=200, unique=True)
    reverses = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="reversed_by",
        verbose_name=_("reverses"),
    )
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    happened_at = models.DateTimeField(_("happened at"))
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("contribution")
        verbose_name_plural = _("contributions")
        indexes = [
            models.Index(fields=["user", "kind", "happened_at"], name="contribution_of_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(reverses=None, amount__gte=Decimal(0))
                | Q(reverses__isnull=False, amount__lte=Decimal(0)),
                name="contribution_only_reversal_is_negative",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.source}"


class ContributionTotal(models.Model):
    """What a person's ledger adds up to, by kind. Derived: `manage.py recount` rebuilds it."""

    user = models.ForeignKey(
        User,
        models.CASCADE,
        related_name="contribution_totals",
        db_index=False,  # the constraint below begins with it
    )
    kind = models.CharField(max_length=16, choices=Contribution.Kind)
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="contribution_total_is_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.user_id} {self.kind}"
