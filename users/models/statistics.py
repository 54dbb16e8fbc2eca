"""Numbers that are kept because all people are sorted by them."""

from decimal import Decimal

from django.db import models
from django.utils import timezone

from users.models.people import User


class UserStatistics(models.Model):
    """What a person's ledger adds up to. Derived: `update_user_statistics` rebuilds it."""

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="statistics")
    events = models.PositiveIntegerField(default=0)
    hours = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    longest_streak = models.PositiveIntegerField(default=0)
    # The last streak, and the Monday of its last week: it is current while that is recent.
    last_streak = models.PositiveIntegerField(default=0)
    last_week = models.DateField(null=True)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["-hours"], name="statistics_by_hours")]

    def __str__(self) -> str:
        return f"statistics of #{self.user_id}"
