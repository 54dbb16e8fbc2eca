"""What came of an event, and who did how much of it."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import IMPACT_KINDS, Event
from events.models.photos import EventPhoto
from events.report_querysets import (
    ReportContributionQuerySet,
    ReportFigureQuerySet,
    ReportQuerySet,
)
from users.models import Contribution, User

MAX_AMOUNT = 10_000_000


class AmountField(models.DecimalField):
    """How much: two decimals, no less than nothing and no more than anybody can do."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        limits = [MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(MAX_AMOUNT))]
        given = {"max_digits": 10, "decimal_places": 2, "validators": limits, **kwargs}
        super().__init__(*args, **given)  # type: ignore[arg-type]


def _is_possible(field: str) -> Q:
    return Q(**{f"{field}__gte": 0, f"{field}__lte": MAX_AMOUNT})


class EventReport(models.Model):
    """What organizers report of an event that is over, and staff approve.

    `version` counts the changes of what the ledger should hold, `processed_version` is the
    one that it holds: a beat task finds the rows where they differ.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        SUBMITTED = "submitted", _("submitted")
        APPROVED = "approved", _("approved")
        RETURNED = "returned", _("returned")

    event = models.OneToOneField(
        Event, models.PROTECT, related_name="report", verbose_name=_("event")
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.DRAFT)
    photos = models.ManyToManyField(
        EventPhoto, blank=True, related_name="reports", verbose_name=_("photos")
    )
    summary = models.TextField(_("summary"), max_length=5000, blank=True)
    return_reason = models.CharField(_("reason for returning"), max_length=500, blank=True)
    submitted_at = models.DateTimeField(_("submitted at"), null=True, blank=True)
    submitted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    version = models.PositiveIntegerField(default=0, editable=False)
    processed_version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="returned") | ~Q(return_reason=""),
                name="event_report_returned_with_reason",
            ),
            models.CheckConstraint(
                condition=Q(processed_version__lte=F("version")),
                name="event_report_is_processed_after_change",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "submitted_at"], name="event_report_by_status"),
            models.Index(
                fields=["id"],
                condition=~Q(version=F("processed_version")),
                name="event_report_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.event_id}"

    @property
    def ledger_prefix(self) -> str:
        """How the sources of this report's lines in the ledger begin."""
        return f"report:{self.pk}:"


class ReportFigure(models.Model):
    """How much of one kind was done at the event in all, by whomever."""

    report = models.ForeignKey(
        EventReport,
        models.CASCADE,
        related_name="figures",
        verbose_name=_("report"),
        db_index=False,  # the constraint below begins with it
    )
    kind = models.CharField(_("kind"), max_length=16, choices=IMPACT_KINDS)
    amount = AmountField(_("amount"))
    # Derived: what of it persons were credited with when the report was processed last.
    attributed = AmountField(_("of persons"), default=Decimal(0), editable=False)

    objects = ReportFigureQuerySet.as_manager()

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        ordering = ("kind",)
        constraints = [
            models.UniqueConstraint(fields=["report", "kind"], name="report_figure_is_unique"),
            models.CheckConstraint(condition=_is_possible("amount"), name="report_figure_possible"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} → {self.report_id}"

    @property
    def unit(self) -> str:
        return Contribution.UNITS.get(self.kind, "")


class ReportContribution(models.Model):
    """What one person did of one kind, as they or an organizer say, and what was made of it."""

    class Status(models.TextChoices):
        PENDING = "pending", _("pending")
        APPROVED = "approved", _("approved")
        ADJUSTED = "adjusted", _("adjusted")
        REJECTED = "rejected", _("rejected")

    report = models.ForeignKey(
        EventReport,
        models.CASCADE,
        related_name="contributions",
        verbose_name=_("report"),
        db_index=False,  # the constraint below begins with it
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="report_contributions", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=IMPACT_KINDS)
    amount = AmountField(_("amount"))
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.PENDING)
    approved_amount = AmountField(_("approved amount"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    objects = ReportContributionQuerySet.as_manager()

    class Meta:
        verbose_name = _("contribution to a report")
        verbose_name_plural = _("contributions to reports")
        constraints = [
            models.UniqueConstraint(
                fields=["report", "user", "kind"], name="report_contribution_is_unique"
            ),
            models.CheckConstraint(
                condition=_is_possible("amount"), name="report_contribution_possible"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "rejected"], approved_amount=None)
                | Q(status__in=["approved", "adjusted"], approved_amount__isnull=False),
                name="report_contribution_counts_when_approved",
            ),
            models.CheckConstraint(
                condition=~Q(status="rejected") | ~Q(reason=""),
                name="report_contribution_rejected_with_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="report_contribution_by_status"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.user_id} → {self.report_id}"

    @property
    def unit(self) -> str:
        return Contribution.UNITS.get(self.kind, "")
