"""Who takes part, and how they come."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.codes import new_code
from events.models.events import Event
from events.querysets import ParticipantQuerySet
from users.models import User


class EventParticipant(models.Model):
    """A person's place at an event: one row for ever, whose status tells the story."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed", _("confirmed")
        WAITLISTED = "waitlisted", _("on the waiting list")
        LEFT = "left", _("left")
        NO_SHOW = "no_show", _("did not come")

    event = models.ForeignKey(
        Event, models.PROTECT, related_name="participants", verbose_name=_("event")
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="participations", verbose_name=_("person")
    )
    status = models.CharField(_("status"), max_length=16, choices=Status)
    # The place in the queue counts from here; who left and comes back stands at its end.
    joined_at = models.DateTimeField(_("joined at"), default=timezone.now)
    ticket_code = models.CharField(max_length=32, default=new_code, unique=True, editable=False)
    checked_in_at = models.DateTimeField(_("checked in at"), null=True, blank=True)
    checked_in_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    checked_out_at = models.DateTimeField(_("checked out at"), null=True, blank=True)
    checked_out_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    # Raised when a check-in is undone, so that the next one is a new fact in the ledger.
    visit = models.PositiveSmallIntegerField(default=1)

    objects = ParticipantQuerySet.as_manager()

    class Meta:
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="event_participant_is_unique"),
            models.CheckConstraint(
                condition=Q(checked_out_at=None)
                | Q(checked_in_at__isnull=False, checked_out_at__gte=F("checked_in_at")),
                name="event_participant_leaves_after_coming",
            ),
            models.CheckConstraint(
                condition=Q(checked_in_at=None) | Q(status="confirmed"),
                name="event_participant_came_with_a_seat",
            ),
        ]
        indexes = [
            models.Index(fields=["event", "status", "joined_at", "id"], name="participant_queue"),
            models.Index(fields=["user", "status"], name="participant_of_user"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.user_id} → {self.event_id}"

    @property
    def is_active(self) -> bool:
        """Whether they hold a seat or wait for one."""
        return self.status in (self.Status.CONFIRMED, self.Status.WAITLISTED)

    @property
    def no_photos(self) -> bool:
        """Whether photos of the event must not show them; needs the user and the event."""
        return self.user.refuses_photos_on(self.event.starts_on)

    @property
    def contribution_source(self) -> str:
        """What the ledger calls the hours of this visit, so that they count once."""
        return f"event:{self.event_id}:user:{self.user_id}:{self.visit}"


class CheckInScan(models.Model):
    """A scan that was answered, by the client's nonce: a retry is a no-op."""

    class Direction(models.TextChoices):
        IN = "in", _("in")
        OUT = "out", _("out")

    participant = models.ForeignKey(EventParticipant, models.CASCADE, related_name="scans")
    direction = models.CharField(max_length=3, choices=Direction)
    nonce = models.CharField(max_length=64)
    scanned_at = models.DateTimeField(default=timezone.now)
    # What a device noted while it was offline, and for whom; cleared when the visit is undone.
    happened_at = models.DateTimeField(null=True)
    noted_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["participant", "direction", "nonce"], name="check_in_scan_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.nonce}"


class CalendarFeed(models.Model):
    """The secret address of a person's calendar; deleting the row revokes it."""

    user = models.OneToOneField(User, models.CASCADE, related_name="calendar_feed")
    token = models.CharField(max_length=32, unique=True, default=new_code)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"#{self.pk} of {self.user_id}"
