"""Mails about events."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.comments import EventComment
from events.models.events import Event
from events.querysets import NotificationQuerySet
from users.models import User


class EventNotification(models.Model):
    """One mail to one person about one thing; unsent rows are picked up by a beat task."""

    class Kind(models.TextChoices):
        JOINED = "joined", _("joined")
        WAITLISTED = "waitlisted", _("put on the waiting list")
        PROMOTED = "promoted", _("promoted")
        CHANGED = "changed", _("time or place changed")
        CANCELLED = "cancelled", _("cancelled")
        REMOVED = "removed", _("removed")
        DAY_BEFORE = "day_before", _("24 hours before")
        HOURS_BEFORE = "hours_before", _("2 hours before")
        NOT_NEEDED = "not_needed", _("not needed any more")
        RIDE_GONE = "ride_gone", _("ride not offered any more")
        SHORTFALL = "shortfall", _("something is missing")
        MENTION = "mention", _("mentioned in a comment")
        COMMENT_HIDDEN = "comment_hidden", _("comment hidden")

    event = models.ForeignKey(
        Event, models.CASCADE, related_name="notifications", verbose_name=_("event")
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="event_notifications", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # What makes two messages of one kind different: the event's version, the sign-up's moment, the
    # resource's id, or what begins with the comment's id.
    version = models.CharField(max_length=40)
    # What an organizer says to the person about it.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    failed_at = models.DateTimeField(_("given up at"), null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "user", "kind", "version"], name="event_notification_is_unique"
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(sent_at=None, failed_at=None),
                name="event_notification_waits",
            ),
            models.Index(fields=["created_at"], name="event_notification_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind} → {self.event_id}"

    @property
    def comment(self) -> EventComment | None:
        """The comment that a mail of such a kind is about."""
        pk = self.version.partition(":")[0]
        comments = self.event.comments.select_related("author")
        return comments.filter(pk=pk).first() if pk.isdecimal() else None
