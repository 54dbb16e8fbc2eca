"""Photos of events, and who objects to them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import Event
from events.photo_querysets import PhotoQuerySet
from users.models import User


class EventPhoto(models.Model):
    """A picture of an event; one that staff removed stays as a row without its files."""

    class Stage(models.TextChoices):
        BEFORE = "before", _("before")
        DURING = "during", _("during")
        AFTER = "after", _("after")

    class Status(models.TextChoices):
        WAITING = "waiting", _("waits for approval")
        SHOWN = "shown", _("shown")
        HIDDEN = "hidden", _("hidden until staff decide")
        REMOVED = "removed", _("removed by staff")

    event = models.ForeignKey(
        Event,
        models.PROTECT,
        related_name="photos",
        verbose_name=_("event"),
        db_index=False,  # an index below begins with it
    )
    uploader = models.ForeignKey(
        User, models.PROTECT, related_name="event_photos", verbose_name=_("uploaded by")
    )
    image = models.FileField(_("photo"), upload_to="photos", blank=True)
    thumbnail = models.FileField(_("thumbnail"), upload_to="photos", blank=True)
    caption = models.CharField(_("caption"), max_length=300, blank=True)
    stage = models.CharField(_("stage"), max_length=8, choices=Stage)
    # The same place before.
    pair_with = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="afters",
        verbose_name=_("before"),
    )
    status = models.CharField(_("status"), max_length=8, choices=Status)
    # What staff said last, and to whom the uploader owes it.
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    # Since when the mail waits that tells the uploader.
    mail_due_at = models.DateTimeField(null=True, editable=False)
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = PhotoQuerySet.as_manager()

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        constraints = [
            models.CheckConstraint(
                condition=Q(pair_with=None) | Q(stage="after"), name="photo_after_has_before"
            ),
            models.CheckConstraint(
                condition=Q(status="removed", image="", thumbnail="")
                | ~Q(status="removed") & ~Q(image="") & ~Q(thumbnail=""),
                name="photo_has_files_unless_removed",
            ),
            models.CheckConstraint(
                condition=~Q(status="removed") | ~Q(reason=""), name="photo_removed_with_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["event", "-created_at", "-id"], name="photo_of_event"),
            models.Index(
                fields=["created_at"],
                condition=Q(status__in=["waiting", "hidden"]),
                name="photo_waits_for_decision",
            ),
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False),
                name="photo_waits_for_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.caption or self.stage}"

    @property
    def files(self) -> list[str]:
        """The names of what is stored; none once it was removed."""
        return [name for name in (self.image.name, self.thumbnail.name) if name]


class PhotoFlag(models.Model):
    """Somebody's objection to a photo; each person has one."""

    class Reason(models.TextChoices):
        SHOWS_ME = "shows_me", _("shows me and I do not want it")
        SHOWS_CHILD = "shows_child", _("shows somebody under age")
        OFFENSIVE = "offensive", _("offensive")
        OTHER = "other", _("other")

    photo = models.ForeignKey(
        EventPhoto,
        models.CASCADE,
        related_name="flags",
        verbose_name=_("photo"),
        db_index=False,  # the constraint below begins with it
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="photo_flags", verbose_name=_("person")
    )
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    note = models.CharField(_("note"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("objection")
        verbose_name_plural = _("objections")
        constraints = [
            models.UniqueConstraint(fields=["photo", "user"], name="photo_flag_is_unique"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.reason}"
