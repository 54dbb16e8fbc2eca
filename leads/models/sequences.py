"""Follow-ups: what is written to whom unasked, when, and that it was written once."""

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.models.people import Lead
from users.models import User


class Sequence(models.Model):
    """Steps that follow a trigger; they stop when the lead writes, opts out, or moves on."""

    class Trigger(models.TextChoices):
        CREATED = "created", _("a lead arrives")
        QUALIFIED = "qualified", _("a lead is qualified")
        INVITED = "invited", _("a lead is invited")
        SILENT = "silent", _("a lead falls silent")

    name = models.CharField(_("name"), max_length=120, unique=True)
    trigger = models.CharField(_("trigger"), max_length=16, choices=Trigger)
    is_active = models.BooleanField(_("active"), default=False)
    # Leads whose trigger came earlier are left alone: nothing is retroactive.
    active_since = models.DateTimeField(_("active since"), null=True, blank=True)

    class Meta:
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_active=False) | Q(active_since__isnull=False),
                name="active_sequence_knows_since_when",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"


class SequenceStep(models.Model):
    """One message of a sequence, so long after the trigger."""

    class Channel(models.TextChoices):
        WHATSAPP = "whatsapp", "WhatsApp"
        EMAIL = "email", _("e-mail")

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField(_("position"))
    delay_minutes = models.PositiveIntegerField(
        _("minutes after the trigger"), validators=[MaxValueValidator(60 * 24 * 365)]
    )
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    # With {name}, {city}, {event}, {event_url}; nothing else is filled in.
    subject = models.CharField(_("subject"), max_length=150, blank=True)
    text_pt_br = models.TextField(_("text in Portuguese"), max_length=2000)
    text_en = models.TextField(_("text in English"), max_length=2000, blank=True)
    with_event = models.BooleanField(_("invites to an event near the lead"), default=False)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(fields=["sequence", "position"], name="step_has_its_place"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.position}"


class Enrolment(models.Model):
    """A lead in a sequence, since a trigger; once for each trigger's moment."""

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="enrolments")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="enrolments")
    triggered_at = models.DateTimeField(_("triggered at"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    # replied, opted_out, taken_over, stage_changed, finished, staff.
    stop_reason = models.CharField(_("reason"), max_length=24, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        constraints = [
            models.UniqueConstraint(
                fields=["sequence", "lead", "triggered_at"], name="enrolment_is_one_per_trigger"
            ),
        ]
        indexes = [
            models.Index(fields=["lead"], condition=Q(stopped_at=None), name="enrolment_runs"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class FollowUp(models.Model):
    """One unasked message to one lead: planned, then sent once or not at all, and why."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("is sent")
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("left out")
        FAILED = "failed", _("failed")

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="follow_ups")
    step = models.ForeignKey(SequenceStep, models.CASCADE, related_name="follow_ups")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="follow_ups")
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.PLANNED)
    due_at = models.DateTimeField(_("due at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    touched_at = models.DateTimeField(default=timezone.now)
    # Why it was left out: replied, opted_out, no_consent, no_address, no_event, …
    reason = models.CharField(_("reason"), max_length=24, blank=True)
    # Of WhatsApp, the message that it became.
    message = models.ForeignKey("leads.Message", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "step"], name="follow_up_is_one_per_step"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(status__in=("planned", "sending")),
                name="follow_up_due",
            ),
            models.Index(fields=["lead", "sent_at"], name="follow_up_of_lead"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class DutyShift(models.Model):
    """Who of the staff is on duty: hand-offs of nobody in particular come to them."""

    staff = models.OneToOneField(User, models.CASCADE, related_name="duty", verbose_name=_("staff"))
    is_on = models.BooleanField(_("on duty"), default=True)
    # Told when a hand-off was left unanswered.
    is_escalation = models.BooleanField(_("escalations"), default=False)

    class Meta:
        verbose_name = _("duty")
        verbose_name_plural = _("duties")

    def __str__(self) -> str:
        return f"#{self.pk}"
