"""What people say about an event."""

from django.db import models
from django.db.models import Count, IntegerField, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import Event
from users.models import User

REPLIES_SHOWN = 10


class CommentQuerySet(models.QuerySet["EventComment"]):
    def visible_to(self, user: object) -> "CommentQuerySet":
        """Of events that the user may see."""
        return self.filter(event__in=Event.objects.visible_to(user))

    def waiting_for_decision(self) -> "CommentQuerySet":
        """Flagged by somebody, whether hidden for it or not yet, and not judged by staff."""
        undecided = self.filter(status__in=("visible", "suspended"), deleted_at=None)
        return undecided.filter(flag_count__gt=0)

    def with_replies(self) -> "CommentQuerySet":
        """Annotate `reply_count`, and fetch the first `shown_replies` of each in one query."""
        replies = EventComment.objects.select_related("author").order_by("pk")
        counted = EventComment.objects.filter(parent=OuterRef("pk")).order_by().values("parent")
        number = Subquery(counted.annotate(number=Count("pk")).values("number"))
        return (
            self.select_related("author")
            .annotate(reply_count=Coalesce(number, 0, output_field=IntegerField()))
            .prefetch_related(Prefetch("replies", replies[:REPLIES_SHOWN], to_attr="shown_replies"))
        )


class EventComment(models.Model):
    """Plain text of a person about an event, or a reply to such; the row stays for ever."""

    class Status(models.TextChoices):
        VISIBLE = "visible", _("visible")
        SUSPENDED = "suspended", _("hidden after flags")
        APPROVED = "approved", _("approved by staff")
        HIDDEN = "hidden", _("hidden by staff")

    class State(models.TextChoices):
        """What everyone sees of it."""

        SHOWN = "shown", _("shown")
        HIDDEN = "hidden", _("hidden")
        DELETED = "deleted", _("deleted")

    event = models.ForeignKey(
        Event, models.CASCADE, related_name="comments", verbose_name=_("event")
    )
    author = models.ForeignKey(
        User, models.PROTECT, related_name="event_comments", verbose_name=_("author")
    )
    # Never a reply itself: its service looks.
    parent = models.ForeignKey(
        "self",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="replies",
        verbose_name=_("reply to"),
    )
    text = models.TextField(_("text"), max_length=2000)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.VISIBLE)
    # Derived from the flags under the lock of the row.
    flag_count = models.PositiveIntegerField(_("flags"), default=0)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    deleted_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("deleted by")
    )
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = CommentQuerySet.as_manager()

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="event_comment_says_something"),
        ]
        indexes = [
            models.Index(fields=["event", "parent", "-id"], name="event_comment_feed"),
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=("visible", "suspended"), deleted_at=None, flag_count__gt=0),
                name="event_comment_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.author_id} → {self.event_id}"

    @property
    def state(self) -> "EventComment.State":
        if self.deleted_at:
            return self.State.DELETED
        is_hidden = self.status in (self.Status.SUSPENDED, self.Status.HIDDEN)
        return self.State.HIDDEN if is_hidden else self.State.SHOWN

    @property
    def is_shown(self) -> bool:
        return self.state == self.State.SHOWN


class CommentFlag(models.Model):
    """Somebody's word that a comment should not be there; one of each person."""

    comment = models.ForeignKey(
        EventComment, models.CASCADE, related_name="flags", verbose_name=_("comment")
    )
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    reason = models.CharField(_("reason"), max_length=500)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("flag")
        verbose_name_plural = _("flags")
        constraints = [
            models.UniqueConstraint(fields=["comment", "user"], name="comment_flag_is_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.user_id} → {self.comment_id}"
