"""What is said with a lead, on one channel; who answers next, and who is at it."""

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import EncryptedTextField
from leads.models.people import Lead
from leads.models.whatsapp import WhatsAppInstance
from users.models import User

# Who waits for a person comes first, the longest first; then whom a person answers.
URGENCY = (
    Case(
        When(state="waiting", then=Value(0)),
        When(state="staff", then=Value(1)),
        When(state="agent", then=Value(2)),
        default=Value(3),
        output_field=models.IntegerField(),
    ).asc(),
    F("handed_off_at").asc(nulls_last=True),
    F("last_message_at").desc(nulls_last=True),
    F("id").desc(),
)


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def free(self) -> "ConversationQuerySet":
        """Those whose lease nobody has, or who had it died."""
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=timezone.now()))

    def waiting_for_answer(self) -> "ConversationQuerySet":
        """Those whose burst of messages is over and that nobody is answering right now."""
        return self.free().filter(answer_due_at__lte=timezone.now())

    def waiting_for_staff(self) -> "ConversationQuerySet":
        """Handed to people, and not answered by any; who waits longest first."""
        return self.filter(state=Conversation.State.WAITING).order_by("handed_off_at", "pk")


class Conversation(models.Model):
    """All messages of a lead on one channel, and the one lease under which they are answered.

    Whoever works on it holds the lease and writes only while `fence` is still theirs; nobody
    holds a transaction or a connection meanwhile.
    """

    class Channel(models.TextChoices):
        WEB = "web", _("web chat")
        WHATSAPP = "whatsapp", "WhatsApp"

    class State(models.TextChoices):
        AGENT = "agent", _("the assistant answers")
        WAITING = "waiting", _("waits for a person")  # the assistant is silent
        STAFF = "staff", _("a person answers")
        CLOSED = "closed", _("closed")  # until somebody writes

    class Reason(models.TextChoices):
        """Why it was given to people."""

        ASKED = "asked", _("asked for a person")
        NO_EVIDENCE = "no_evidence", _("no answer was found")
        VOICE_NOTE = "voice_note", _("a voice note")
        MEDIA = "media", _("a picture or a file")
        NOT_DELIVERED = "not_delivered", _("the answer could not be delivered")
        FAILED = "failed", _("the assistant failed")
        UNANSWERED = "unanswered", _("was left without an answer")

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="conversations")
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    # Only of WhatsApp.
    instance = models.ForeignKey(
        WhatsAppInstance, models.PROTECT, related_name="conversations", null=True, blank=True
    )
    # Where answers go: a JID, or of a visitor nothing.
    address = EncryptedTextField(blank=True, default="")
    # keyed_hash("jid", …) or keyed_hash("visitor_token", …).
    key = models.CharField(max_length=64)
    # Opaque, in addresses and events: a visitor learns nothing from it.
    public_id = models.UUIDField(unique=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.AGENT)
    assigned_to = models.ForeignKey(
        User,
        models.SET_NULL,
        related_name="conversations",
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
    )
    # The hand-off that is open: since when, why, and what a person needs to know. Where staff
    # answer, only since when somebody waits for it.
    handed_off_at = models.DateTimeField(_("handed off at"), null=True, blank=True)
    handoff_reason = models.CharField(_("reason"), max_length=40, blank=True)
    handoff_summary = EncryptedTextField(
        _("summary for a person"), blank=True, default="", db_default=""
    )
    handoff_told_at = models.DateTimeField(null=True, blank=True)
    # Somebody is telling it since then.
    handoff_claimed_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(_("escalated at"), null=True, blank=True)
    # When it was said that an assistant answers, and where its privacy notice is.
    introduced_at = models.DateTimeField(null=True, blank=True)
    # What was said before the messages that a model still reads.
    summary = EncryptedTextField(_("summary"), blank=True, default="")
    summarized_through = models.BigIntegerField(default=0)
    # Debounce: the burst that waits began then, and is answered then at the latest.
    burst_began_at = models.DateTimeField(null=True, blank=True)
    answer_due_at = models.DateTimeField(null=True, blank=True)
    answer_attempts = models.PositiveSmallIntegerField(default=0)
    # Every inbound message up to this one has had its answer, or needs none.
    answered_through = models.BigIntegerField(default=0)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    tokens_spent = models.PositiveBigIntegerField(_("tokens"), default=0)
    # In millionths of a US dollar.
    money_spent = models.PositiveBigIntegerField(_("cost"), default=0)
    last_message_at = models.DateTimeField(_("last message at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "instance", "key"],
                name="conversation_is_one_per_contact",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(channel="whatsapp", instance__isnull=False)
                | Q(channel="web", instance=None),
                name="only_whatsapp_has_an_instance",
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(handed_off_at__isnull=False),
                name="waiting_conversation_was_handed_off",
            ),
        ]
        indexes = [
            models.Index(
                fields=["answer_due_at"],
                condition=Q(answer_due_at__isnull=False),
                name="conversation_due",
            ),
            models.Index(
                fields=["handed_off_at"],
                condition=Q(state="waiting"),
                name="conversation_waits_for_staff",
            ),
            models.Index(
                fields=["handed_off_at"],
                condition=Q(state="staff"),
                name="conversation_left_by_staff",
            ),
            models.Index(F("last_message_at").desc(nulls_last=True), name="conversation_recent"),
            models.Index(*URGENCY, name="conversation_by_urgency"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.channel}"

    @property
    def why(self) -> str:
        """Why it was given to people, in words."""
        reason = self.handoff_reason
        return str(self.Reason(reason).label) if reason in self.Reason.values else reason


class MessageQuerySet(models.QuerySet["Message"]):
    def in_order(self) -> "MessageQuerySet":
        """As they were written, which is not always as they came."""
        return self.order_by("sent_at", "pk")

    def before(self, message: "Message") -> "MessageQuerySet":
        """Those that come before it in that order."""
        same_moment = Q(sent_at=message.sent_at, pk__lt=message.pk)
        return self.filter(Q(sent_at__lt=message.sent_at) | same_moment)


class Message(models.Model):
    """One message, in or out; an external id comes once per instance, whatever is delivered."""

    class Author(models.TextChoices):
        PERSON = "person", _("person")
        AGENT = "agent", _("assistant")
        STAFF = "staff", _("staff")
        SYSTEM = "system", _("system")  # notices: what happens next, confirmations, follow-ups

    class Kind(models.TextChoices):
        TEXT = "text", _("text")
        AUDIO = "audio", _("voice note")
        IMAGE = "image", _("image")
        VIDEO = "video", _("video")
        DOCUMENT = "document", _("document")
        OTHER = "other", _("other")

    class Delivery(models.TextChoices):
        """Of an outbound message; only ever forward, but for what failed and is tried again."""

        QUEUED = "queued", _("queued")
        SENDING = "sending", _("is sent")
        SENT = "sent", _("sent")
        DELIVERED = "delivered", _("delivered")
        READ = "read", _("read")
        FAILED = "failed", _("failed")

    class Feedback(models.TextChoices):
        UP = "up", _("helpful")
        DOWN = "down", _("not helpful")

    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    author = models.CharField(_("author"), max_length=16, choices=Author)
    staff = models.ForeignKey(User, models.SET_NULL, related_name="+", null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind, default=Kind.TEXT)
    text = EncryptedTextField(_("text"), blank=True, default="")
    # The gateway's, or the client's Idempotency-Key; none until an outbound one is sent.
    external_id = models.CharField(max_length=128, null=True, blank=True)  # noqa: DJ001
    # Copied from the conversation, so that the database can keep ids unique.
    instance = models.ForeignKey(
        WhatsAppInstance, models.PROTECT, related_name="+", null=True, blank=True
    )
    # By the gateway's clock, else ours.
    sent_at = models.DateTimeField(_("sent at"), default=timezone.now)
    accepted_at = models.DateTimeField(_("accepted at"), default=timezone.now)
    edited_at = models.DateTimeField(_("edited at"), null=True, blank=True)
    # Emoji with which the other side reacted last; "" is none.
    reaction = models.CharField(max_length=16, blank=True, default="")
    # Of a voice note that becomes text: until when to wait for it.
    transcription_due_at = models.DateTimeField(null=True, blank=True)
    transcribed_at = models.DateTimeField(null=True, blank=True)
    # Of an answer: [{"document": id, "title", "url", "quote"}], and the action it came with.
    citations = models.JSONField(default=list, blank=True)
    action = models.CharField(max_length=24, blank=True, default="")
    # The inbound message up to which it answers: one answer for each.
    answers_through = models.BigIntegerField(null=True, blank=True)
    feedback = models.CharField(
        _("feedback"), max_length=8, choices=Feedback, blank=True, default=""
    )
    tokens = models.PositiveIntegerField(default=0)
    # Outbound only.
    delivery = models.CharField(
        _("delivery"), max_length=16, choices=Delivery, blank=True, default=""
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    try_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=200, blank=True, default="")

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "external_id"],
                condition=Q(instance__isnull=False, external_id__isnull=False),
                name="message_is_stored_once",
            ),
            models.UniqueConstraint(
                fields=["conversation", "external_id"],
                condition=Q(instance=None, external_id__isnull=False),
                name="web_message_is_stored_once",
            ),
            models.UniqueConstraint(
                fields=["conversation", "answers_through"],
                condition=Q(answers_through__isnull=False),
                name="burst_is_answered_once",
            ),
        ]
        indexes = [
            models.Index(fields=["conversation", "sent_at", "id"], name="message_order"),
            models.Index(
                fields=["instance", "try_at"],
                condition=Q(delivery__in=("queued", "sending")),
                name="message_to_send",
            ),
            models.Index(
                fields=["transcription_due_at"],
                condition=Q(transcription_due_at__isnull=False, transcribed_at=None),
                name="message_to_transcribe",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.author}"

    @property
    def is_taken_back(self) -> bool:
        """The person wants it unsaid: an edit leaves some text, this none."""
        return self.edited_at is not None and self.kind == self.Kind.TEXT and not self.text
