"""Rows that belong to no app."""

from django.db import models
from django.utils import timezone


class IdempotentAnswerQuerySet(models.QuerySet["IdempotentAnswer"]):
    def unanswered(self, answer: "IdempotentAnswer") -> "IdempotentAnswerQuerySet":
        """That row, as long as it is neither answered nor taken over by a retry."""
        return self.filter(pk=answer.pk, status=None, created_at=answer.created_at)


class IdempotentAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered, to be given again to its retries."""

    # Who asked: "user:7", or "address:" and a keyed hash of the client's address.
    owner = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    # Empty while the request is being answered.
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    body = models.TextField(default="")
    # Moved on when a retry takes over from a request that was killed.
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = IdempotentAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_is_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.owner}"


class Totals(models.Model):
    """What there is of everything, as it was counted last: the only row of its table."""

    # By the names of settings.TOTALS.
    numbers = models.JSONField(default=dict)
    counted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="totals_are_one_row"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.counted_at:%Y-%m-%d %H:%M:%S}"
