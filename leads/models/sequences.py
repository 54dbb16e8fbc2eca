"""Follow-ups: what is written to whom unasked, when, and that it was written once."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models import Event
from leads import wording
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
    subject = models.CharField(_("subject in Portuguese"), max_length=150, blank=True)
    subject_en = models.CharField(_("subject in English"), max_length=150, blank=True)
    text_pt_br = models.TextField(
        _("text in Portuguese"),
        max_length=2000,
        help_text=_(
            "{name} and {city} are filled in, and {event}, {event_when}, {event_url} if the step "
            "invites to an event. How to stop such messages is added."
        ),
    )
    text_en = models.TextField(_("text in English"), max_length=2000, blank=True)
    with_event = models.BooleanField(_("invites to an event near the lead"), default=False)

    class Meta:
        verbose_name = _("step")
        verbose_name_plural = _("steps")
        constraints = [
            models.UniqueConstraint(fields=["sequence", "position"], name="step_has_its_place"),
            models.CheckConstraint(
                condition=~Q(channel="email") | ~Q(subject=""), name="mail_of_a_step_has_a_subject"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.position}"

    def clean(self) -> None:
        for field in ("subject", "subject_en", "text_pt_br", "text_en"):
            wording.check(field, getattr(self, field), with_event=self.with_event)
        if self.channel == self.Channel.EMAIL and not self.subject:
            message = _("An e-mail needs a subject.")
            raise ValidationError({"subject": ValidationError(message, "no_subject")})

    def words(self, language: str) -> tuple[str, str]:
        """Subject and text in the language, else in Portuguese."""
        if language == User.Language.ENGLISH and self.text_en:
            return self.subject_en or self.subject, self.text_en
        return self.subject, self.text_pt_br


class Enrolment(models.Model):
    """A lead in a sequence, since a trigger; once for each trigger's moment."""

    sequence = models.ForeignKey(Sequence, models.CASCADE, related_name="enrolments")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="enrolments")
    triggered_at = models.DateTimeField(_("triggered at"))
    stopped_at = models.DateTimeField(_("stopped at"), null=True, blank=True)
    # As a follow-up's, or "finished".
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


class BulkMessage(models.Model):
    """What staff wrote to many leads at once; each gets one copy, a follow-up like all others."""

    # Of the form that asked: sent twice, it writes once.
    token = models.UUIDField(unique=True)
    channel = models.CharField(_("channel"), max_length=16, choices=SequenceStep.Channel)
    subject = models.CharField(_("subject"), max_length=150, blank=True)
    text = models.TextField(_("text"), max_length=2000)
    written_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("message to many")
        verbose_name_plural = _("messages to many")

    def __str__(self) -> str:
        return f"#{self.pk} {self.subject}"

    def words(self, language: str) -> tuple[str, str]:
        """As staff wrote it, whatever the language."""
        return self.subject, self.text


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def planned(self) -> "FollowUpQuerySet":
        return self.filter(status=FollowUp.Status.PLANNED)

    def counted(self) -> "FollowUpQuerySet":
        """What was sent, or may have been: the mail server got it, and nobody knows more."""
        return self.exclude(sent_at=None)


class FollowUp(models.Model):
    """One unasked message to one lead: planned, then sent once or not at all, and why.

    It is a step of a sequence, or a copy of what staff wrote to many.
    """

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        SENDING = "sending", _("is sent")
        SENT = "sent", _("sent")
        SKIPPED = "skipped", _("left out")
        FAILED = "failed", _("failed")

    class Reason(models.TextChoices):
        """Why it was left out or failed."""

        REPLIED = "replied", _("the lead wrote")
        OPTED_OUT = "opted_out", _("opted out")
        TAKEN_OVER = "taken_over", _("a person answers")
        STAGE_CHANGED = "stage_changed", _("in another stage")
        STAFF = "staff", _("stopped by staff")
        NO_CONSENT = "no_consent", _("no consent")
        NO_ADDRESS = "no_address", _("no proven address")
        NO_CITY = "no_city", _("no city")
        NO_EVENT = "no_event", _("no event near")
        TOO_LATE = "too_late", _("too late")
        REFUSED = "refused", _("refused by who delivers it")
        INTERRUPTED = "interrupted", _("interrupted: nobody knows whether it went out")

    enrolment = models.ForeignKey(
        Enrolment, models.CASCADE, related_name="follow_ups", null=True, blank=True
    )
    # What was sent says so as long as its enrolment is there.
    step = models.ForeignKey(
        SequenceStep,
        models.RESTRICT,
        related_name="follow_ups",
        verbose_name=_("step"),
        null=True,
        blank=True,
    )
    bulk = models.ForeignKey(
        BulkMessage,
        models.CASCADE,
        related_name="copies",
        verbose_name=_("message to many"),
        null=True,
        blank=True,
    )
    lead = models.ForeignKey(
        Lead, models.CASCADE, related_name="follow_ups", verbose_name=_("lead")
    )
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.PLANNED)
    due_at = models.DateTimeField(_("due at"))
    # When it was given to the mail server, or to the queue of WhatsApp.
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # When a task was started for it; and when anything last happened to it.
    queued_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason, blank=True)
    # That it invited to: no other follow-up does again.
    event = models.ForeignKey(
        Event,
        models.SET_NULL,
        related_name="+",
        verbose_name=_("event"),
        null=True,
        blank=True,
    )
    # Of WhatsApp, the message that it became.
    message = models.ForeignKey(
        "leads.Message",
        models.SET_NULL,
        related_name="+",
        verbose_name=_("message"),
        null=True,
        blank=True,
    )

    objects = FollowUpQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        constraints = [
            models.UniqueConstraint(fields=["enrolment", "step"], name="follow_up_is_one_per_step"),
            models.UniqueConstraint(fields=["bulk", "lead"], name="copy_is_one_per_lead"),
            models.CheckConstraint(
                condition=Q(enrolment__isnull=False, step__isnull=False, bulk=None)
                | Q(enrolment=None, step=None, bulk__isnull=False),
                name="follow_up_is_a_step_or_a_copy",
            ),
            models.CheckConstraint(
                condition=~Q(status="sent") | Q(sent_at__isnull=False),
                name="sent_follow_up_knows_when",
            ),
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

    @property
    def source(self) -> SequenceStep | BulkMessage:
        """Where its words and its channel come from."""
        source = self.step or self.bulk
        assert source is not None  # noqa: S101  # follow_up_is_a_step_or_a_copy
        return source


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
