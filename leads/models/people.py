"""People who are not volunteers yet, by what they are known, and how far they have come."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import EncryptedJSONField, EncryptedTextField
from events.querysets import SearchText
from users.models import User

# What is searched by any three letters, as it is indexed.
WORDS = SearchText("name", "city")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")


class LeadQuerySet(models.QuerySet["Lead"]):
    def current(self) -> "LeadQuerySet":
        """All but those that were merged into another."""
        return self.filter(merged_into=None)

    def in_city(self, name: str) -> "LeadQuerySet":
        """Leads in the city of that name, whatever its case and accents."""
        return self.alias(city_text=SearchText("city")).filter(city_text=SearchText(Value(name)))

    def matching(self, text: str) -> "LeadQuerySet":
        """Leads whose name or city hold every word, whatever its accents, or who have the tag."""
        found = Q()
        for word in text.split():
            found &= Q(words__contains=SearchText(Value(word)))
        return self.alias(words=WORDS).filter(found | Q(tags__contains=[text.lower()]))

    def of_campaign(self, text: str) -> "LeadQuerySet":
        """Those whose first message came with exactly this in any part of its campaign."""
        found = Q(pk__in=[])
        for name in UTM:
            found |= Q(utm__contains={name: text})
        return self.filter(found)

    def having(self, kind: str, key: str) -> "LeadQuerySet":
        """Those who are known by the value of this keyed hash, or said to have it."""
        known = LeadIdentity.objects.filter(kind=kind, key=key).values("lead")
        said = LeadClaim.objects.filter(kind=kind, key=key).values("lead")
        return self.filter(Q(pk__in=known) | Q(pk__in=said))


class Lead(models.Model):
    """A person who has written to us; erased with all that was said."""

    class Stage(models.TextChoices):
        NEW = "new", _("new")
        QUALIFIED = "qualified", _("qualified")
        INVITED = "invited", _("invited")
        VOLUNTEER = "volunteer", _("volunteer")
        LOST = "lost", _("lost")

    name = models.CharField(_("name"), max_length=150, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    state = models.CharField(_("federal state"), max_length=2, blank=True)
    # By the state that was said, else the city, else the phone; else São Paulo: never empty.
    time_zone = models.CharField(_("time zone"), max_length=64, default="America/Sao_Paulo")
    language = models.CharField(
        _("language"), max_length=8, choices=User.Language, default=User.Language.PORTUGUESE
    )
    # Where the first message came from, and never overwritten: form, web, whatsapp, import, staff.
    source = models.CharField(_("source"), max_length=80)
    # The campaign of that message, likewise: what there was of UTM.
    utm = models.JSONField(_("campaign"), default=dict, blank=True)
    stage = models.CharField(_("pipeline stage"), max_length=16, choices=Stage, default=Stage.NEW)
    stage_changed_at = models.DateTimeField(_("in this stage since"), default=timezone.now)
    lost_reason = models.CharField(_("reason"), max_length=200, blank=True)
    tags = ArrayField(
        models.CharField(max_length=40), verbose_name=_("tags"), default=list, blank=True
    )
    assigned_to = models.ForeignKey(
        User,
        models.SET_NULL,
        related_name="assigned_leads",
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
    )
    user = models.OneToOneField(
        User,
        models.SET_NULL,
        related_name="lead",
        verbose_name=_("account"),
        null=True,
        blank=True,
    )
    merged_into = models.ForeignKey(
        "self",
        models.CASCADE,
        related_name="merged",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
    )
    # What the ledger of consents says last of unasked messages.
    opted_out_at = models.DateTimeField(_("opted out at"), null=True, blank=True)
    last_inbound_at = models.DateTimeField(_("last wrote at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("lead")
        verbose_name_plural = _("leads")
        constraints = [
            models.CheckConstraint(
                condition=~Q(stage="lost") | ~Q(lost_reason=""), name="lost_lead_has_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | ~Q(merged_into=F("pk")),
                name="lead_is_not_merged_into_itself",
            ),
        ]
        indexes = [
            models.Index(fields=["stage", "-stage_changed_at"], name="lead_by_stage"),
            models.Index(fields=["-created_at"], name="lead_created"),
            models.Index(fields=["last_inbound_at"], name="lead_last_inbound"),
            models.Index(fields=["name", "id"], name="lead_by_name"),
            models.Index(fields=["-stage_changed_at"], name="lead_stage_changed"),
            models.Index(SearchText("city"), name="lead_by_city"),
            GinIndex(OpClass(WORDS, name="gin_trgm_ops"), name="lead_words"),
            models.Index(fields=["source"], name="lead_source"),
            GinIndex(fields=["tags"], name="lead_tags"),
            GinIndex(OpClass("utm", name="jsonb_path_ops"), name="lead_campaigns"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"


class LeadIdentity(models.Model):
    """One thing that a person is known by; it belongs to one lead.

    Proven, it links what comes by it to the lead; else it is a claim, shown to staff only.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")  # in lower case
        PHONE = "phone", _("phone")  # E.164, with the ninth digit; also a WhatsApp JID of a number
        LID = "lid", _("WhatsApp id")  # a JID that hides its number, with its @lid
        VISITOR = "visitor", _("visitor")  # of the web chat

    class Proof(models.TextChoices):
        CLAIM = "claim", _("typed by somebody")
        WHATSAPP = "whatsapp", _("wrote from it, signed by the gateway")
        EMAIL = "email", _("opened a link sent to it")
        ACCOUNT = "account", _("signed in")
        TOKEN = "token", _("holds the visitor's token")  # noqa: S105
        STAFF = "staff", _("confirmed by staff")

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="identities")
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # keyed_hash(kind, value).
    key = models.CharField(max_length=64)
    value = EncryptedTextField(_("value"))
    proof = models.CharField(_("proof"), max_length=16, choices=Proof, default=Proof.CLAIM)
    proven_at = models.DateTimeField(_("proven at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("identity")
        verbose_name_plural = _("identities")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="identity_is_of_one_lead"),
            models.CheckConstraint(
                condition=Q(proof="claim", proven_at=None)
                | (~Q(proof="claim") & Q(proven_at__isnull=False)),
                name="proven_identity_has_a_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"


class LeadClaim(models.Model):
    """Contact data that somebody typed in a chat or form, though another lead may have it.

    It links nothing by itself: staff see it and merge, or not.
    """

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="claims")
    kind = models.CharField(_("kind"), max_length=16, choices=LeadIdentity.Kind)
    key = models.CharField(max_length=64, db_index=True)
    value = EncryptedTextField(_("value"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    # Since when the mail waits that asks the address whether it was they; empty: none does.
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    # When its link was used last: each link works once.
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.UniqueConstraint(fields=["lead", "kind", "key"], name="claim_is_made_once"),
        ]
        indexes = [
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail_due_at__isnull=False),
                name="claim_waits_for_mail",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.kind}"


class LeadSubmission(models.Model):
    """A form that was sent: it adds to a lead, and overwrites nothing of it."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="submissions")
    # As typed: name, email, phone, city, message.
    fields = EncryptedJSONField()
    source = models.CharField(_("source"), max_length=80)
    utm = models.JSONField(_("campaign"), default=dict, blank=True)
    submitted_at = models.DateTimeField(_("submitted at"), default=timezone.now)

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")

    def __str__(self) -> str:
        return f"#{self.pk}"


class LeadNote(models.Model):
    """What staff write down about a lead; the lead never sees it."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="notes")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("author"))
    text = EncryptedTextField(_("text"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")

    def __str__(self) -> str:
        return f"#{self.pk}"


class LeadStageChange(models.Model):
    """One step of a lead from stage to stage; append-only."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="stage_changes")
    old = models.CharField(_("from"), max_length=16, choices=Lead.Stage)
    new = models.CharField(_("to"), max_length=16, choices=Lead.Stage)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # Empty when it followed from something: an invitation that was sent, an account made.
    changed_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("changed by"), null=True
    )
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now)

    class Meta:
        verbose_name = _("stage change")
        verbose_name_plural = _("stage changes")

    def __str__(self) -> str:
        return f"#{self.pk} {self.old} → {self.new}"


class LeadMerge(models.Model):
    """Two leads that are one person, and all it takes to part them again."""

    kept = models.ForeignKey(Lead, models.CASCADE, related_name="merges")
    gone = models.ForeignKey(Lead, models.CASCADE, related_name="merges_away")
    reason = models.CharField(_("reason"), max_length=200)
    merged_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("merged by"), null=True
    )
    merged_at = models.DateTimeField(_("merged at"), default=timezone.now)
    # By model: the primary keys of the rows that went from one to the other.
    moved = models.JSONField(default=dict)
    undone_at = models.DateTimeField(_("undone at"), null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        constraints = [
            models.UniqueConstraint(
                fields=["gone"], condition=Q(undone_at=None), name="lead_is_merged_once"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"
