"""What goes on near a person, told once a week."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import Event
from users.models import User


class DigestQuerySet(models.QuerySet["Digest"]):
    def waiting(self) -> "DigestQuerySet":
        """Digests that are neither sent, nor skipped, nor given up."""
        return self.filter(sent_at=None, skipped_at=None, failed_at=None)


class Digest(models.Model):
    """One mail of a week to one person; unsent rows are picked up by a beat task."""

    user = models.ForeignKey(
        User,
        models.CASCADE,
        related_name="digests",
        verbose_name=_("person"),
        db_index=False,  # the constraint below begins with it
    )
    # Its Monday.
    week = models.DateField(_("week"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    # There was nothing new, or the person does not want it.
    skipped_at = models.DateTimeField(_("skipped at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    failed_at = models.DateTimeField(_("given up at"), null=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = _("digest")
        verbose_name_plural = _("digests")
        constraints = [
            models.UniqueConstraint(fields=["user", "week"], name="digest_is_one_a_week"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(skipped_at=None), name="digest_is_sent_or_skipped"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(sent_at=None, skipped_at=None, failed_at=None),
                name="digest_waits",
            ),
            models.Index(fields=["created_at"], name="digest_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.week} → {self.user_id}"


class ToldEvent(models.Model):
    """An event that a digest told a person of: no other one does again."""

    digest = models.ForeignKey(Digest, models.CASCADE, related_name="told_events")
    user = models.ForeignKey(User, models.CASCADE, related_name="told_events", db_index=False)
    event = models.ForeignKey(Event, models.CASCADE, related_name="told_to")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "event"], name="event_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.event_id} → {self.user_id}"
