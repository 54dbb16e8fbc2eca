"""What people may ask of us about their own data: a copy of it, and its end."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User

# So long a copy may be fetched.
LIFETIME = timedelta(hours=24)


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def under_way(self) -> "DataExportQuerySet":
        return self.filter(status__in=("waiting", "running"))

    def done(self) -> "DataExportQuerySet":
        """What nobody works on any more, for good or ill."""
        return self.filter(status__in=("ready", "failed"))

    def outdated(self) -> "DataExportQuerySet":
        """Copies that nobody may fetch any more, and those that came to nothing as long ago."""
        day_ago = timezone.now() - LIFETIME
        return self.filter(
            Q(status="ready", ready_at__lte=day_ago) | Q(status="failed", requested_at__lte=day_ago)
        )

    def current(self) -> "DataExportQuerySet":
        return self.exclude(pk__in=self.model.objects.outdated().values("pk"))


class DataExport(models.Model):
    """A copy of all that is held about a person, made when they ask for it and kept for a day."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being made")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    user = models.ForeignKey(User, models.CASCADE, related_name="data_exports")
    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    requested_at = models.DateTimeField(default=timezone.now)
    # Who works on it, by the moment of the claim: a late worker finds another one's here.
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    file = models.FileField(upload_to="exports", max_length=200, blank=True)
    ready_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(status__in=["waiting", "running"]),
                name="data_export_is_one_at_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="ready") | Q(ready_at__isnull=False) & ~Q(file=""),
                name="data_export_is_ready_with_file",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} of {self.user_id}"

    @property
    def expires_at(self) -> datetime | None:
        return self.ready_at and self.ready_at + LIFETIME


class Erasure(models.Model):
    """The proof that a person's data was erased: when, and by which staff for which reason."""

    user = models.OneToOneField(
        User, models.PROTECT, related_name="erasure", verbose_name=_("person")
    )
    erased_at = models.DateTimeField(_("erased at"), default=timezone.now)
    # Nobody else, if they did it themselves.
    by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    # What is left to do: files to delete, and the address to tell, which is then forgotten.
    files = models.JSONField(default=list, editable=False)
    farewell_to = models.EmailField(blank=True, editable=False)
    mail_attempts = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")

    def __str__(self) -> str:
        return f"#{self.pk} → {self.user_id}"
