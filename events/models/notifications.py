"""Mails about events."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.comments import EventComment
from events.models.events import Event
from events.models.photos import EventPhoto
from events.querysets import NotificationQuerySet
from users.models import User


class EventMail(models.Model):
    """What staff wrote to people of an event; the copy of each is a notification."""

    event = models.ForeignKey(Event, models.PROTECT, related_name="mails", verbose_name=_("event"))
    subject = models.CharField(_("subject"), max_length=150)
    text = models.TextField(_("text"), max_length=5000)
    written_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, db_index=True)
    # Of the page that it was confirmed on: pressed twice, it is one mail.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("mail to participants")
        verbose_name_plural = _("mails to participants")

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"


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
        MESSAGE = "message", _("mail from the organization")
        WAIVER = "waiver", _("new waiver")
        NOT_NEEDED = "not_needed", _("not needed any more")
        RIDE_GONE = "ride_gone", _("ride not offered any more")
        SHORTFALL = "shortfall", _("something is missing")
        MENTION = "mention", _("mentioned in a comment")
        COMMENT_HIDDEN = "comment_hidden", _("comment hidden")
        COMMENT_DECIDED = "comment_decided", _("decision about a flag")
        PHOTO_DECIDED = "photo_decided", _("decision about an objection")
        REPORT_RETURNED = "report_returned", _("report returned")

    event = models.ForeignKey(
        Event, models.CASCADE, related_name="notifications", verbose_name=_("event")
    )
    user = models.ForeignKey(
        User, models.CASCADE, related_name="event_notifications", verbose_name=_("person")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # What makes two messages of one kind different: the event's version, the sign-up's moment, the
    # resource's id, or what begins with the id of the comment or photo.
    version = models.CharField(max_length=40)
    # What an organizer says to the person about it.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # The mail that this is a copy of, if staff wrote it.
    mail = models.ForeignKey(
        EventMail,
        models.CASCADE,
        null=True,
        related_name="notifications",
        verbose_name=_("mail to participants"),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    failed_at = models.DateTimeField(_("given up at"), null=True)
    # The reader had switched such mails off when it was their turn.
    skipped_at = models.DateTimeField(_("skipped at"), null=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        constraints = [
            models.UniqueConstraint(
                fields=["event", "user", "kind", "version"], name="event_notification_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(skipped_at=None),
                name="event_notification_is_sent_or_skipped",
            ),
            models.CheckConstraint(
                condition=Q(kind="message", mail__isnull=False)
                | (~Q(kind="message") & Q(mail=None)),
                name="event_notification_has_its_mail",
            ),
        ]
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(sent_at=None, failed_at=None, skipped_at=None),
                name="event_notification_waits",
            ),
            models.Index(fields=["created_at"], name="event_notification_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind} → {self.event_id}"

    @property
    def comment(self) -> EventComment | None:
        """The comment that a mail of such a kind is about."""
        return self.event.comments.select_related("author").filter(pk=self._about).first()

    @property
    def photo(self) -> EventPhoto | None:
        """The photo that a mail of such a kind is about."""
        return self.event.photos.filter(pk=self._about).first()

    @property
    def _about(self) -> int:
        pk = self.version.partition(":")[0]
        return int(pk) if pk.isdecimal() else 0
