"""Questions about many reports, and about what persons say they did."""

from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q, Sum

from users.models import User

if TYPE_CHECKING:
    from events.models import EventReport, ReportContribution, ReportFigure  # noqa: F401


class ReportQuerySet(models.QuerySet["EventReport"]):
    def visible_to(self, user: object) -> "ReportQuerySet":
        """Approved reports, and all of them for those who run the event."""
        if not isinstance(user, User):
            return self.approved()
        if user.is_staff:
            return self.all()
        helped = user.co_organized_events.values("pk")
        return self.filter(Q(status="approved") | Q(event__organizer=user) | Q(event__in=helped))

    def approved(self) -> "ReportQuerySet":
        return self.filter(status="approved")

    def waiting_for_decision(self) -> "ReportQuerySet":
        """Submitted, and neither approved nor returned yet."""
        return self.filter(status="submitted")

    def unprocessed(self) -> "ReportQuerySet":
        """Reports that say something else than what the ledger holds of them."""
        return self.exclude(version=F("processed_version"))


class ReportFigureQuerySet(models.QuerySet["ReportFigure"]):
    def counted(self) -> "ReportFigureQuerySet":
        """Figures that staff approved."""
        return self.filter(report__status="approved")


class ReportContributionQuerySet(models.QuerySet["ReportContribution"]):
    def waiting_for_decision(self) -> "ReportContributionQuerySet":
        return self.filter(status="pending")

    def counted(self) -> "ReportContributionQuerySet":
        """Approved as they were told, or with another amount."""
        return self.filter(status__in=("approved", "adjusted"))

    def sums(self) -> dict[str, Decimal]:
        """What was approved, by kind."""
        rows = self.counted().order_by().values_list("kind").annotate(Sum("approved_amount"))
        return dict(rows)
