"""Rows that belong to no app."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class IdempotentAnswer(models.Model):
    """What a POST with an Idempotency-Key was answered, to be given again to its retries."""

    # Who asked: "user:7", or "address:" and a keyed hash of the client's address.
    owner = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    # Empty until the request was answered.
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(default=dict)
    # Sealed, for it may hold people's data.
    body = models.TextField(default="")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

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
    # By the names of settings.SERIES: for each group its points.
    series = models.JSONField(default=dict, db_default={})
    counted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="totals_are_one_row"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.counted_at:%Y-%m-%d %H:%M:%S}"


class PeriodicRun(models.Model):
    """One slot of a schedule that was sent; its uniqueness lets only one beat send it."""

    name = models.CharField(max_length=200)
    # The moment at which it was due, not the one at which it was sent.
    slot = models.DateTimeField()
    sent_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["name", "slot"], name="slot_is_sent_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name} {self.slot:%Y-%m-%d %H:%M:%S}"


class Redelivery(models.Model):
    """A message that came once more, since its worker died or was away for too long."""

    task_id = models.CharField(max_length=255, db_index=True)
    delivered_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"#{self.pk} {self.task_id}"


class DeadLetterQuerySet(models.QuerySet["DeadLetter"]):
    def waiting(self) -> "DeadLetterQuerySet":
        return self.filter(handled_at=None)


class DeadLetter(models.Model):
    """A task that was given up, until staff queue it again or set it aside."""

    class Reason(models.TextChoices):
        WORKER_LOST = "worker_lost", _("its worker died each time")
        FAILED = "failed", _("it failed")

    task = models.CharField(_("task"), max_length=200)
    task_id = models.CharField(max_length=255, unique=True)
    # As they were sent, to be sent again. May hold people's data: shown redacted, never logged.
    args = models.JSONField(_("arguments"), default=list, encoder=DjangoJSONEncoder)
    kwargs = models.JSONField(_("keyword arguments"), default=dict, encoder=DjangoJSONEncoder)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    error = models.TextField(_("error"), blank=True, default="")
    given_up_at = models.DateTimeField(_("given up at"), default=timezone.now, db_index=True)
    handled_at = models.DateTimeField(_("handled at"), null=True, blank=True, db_index=True)

    objects = DeadLetterQuerySet.as_manager()

    class Meta:
        verbose_name = _("dead letter")
        verbose_name_plural = _("dead letters")

    def __str__(self) -> str:
        return f"#{self.pk} {self.task}"
