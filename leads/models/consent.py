"""What people agreed to, with its proof: an append-only ledger."""

from django.db import models
from django.db.models import Case, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import EncryptedJSONField
from leads.models.people import Lead


class LeadConsentQuerySet(models.QuerySet["LeadConsent"]):
    def last_words(self) -> "LeadConsentQuerySet":
        """What was said of unasked messages, by the rule of what counts: the first row decides.

        A no counts from wherever it comes; a yes that was typed into a form, which anybody can
        fill in, does not; that of an import only as long as nobody said anything themselves.
        """
        channel = LeadConsent.Channel
        brought = Case(When(is_given=True, channel=channel.IMPORT, then=1), default=Value(0))
        said = self.filter(purpose=LeadConsent.Purpose.UNASKED)
        typed = Q(is_given=True, channel=channel.FORM)
        return said.exclude(typed).order_by(brought, "-recorded_at", "-pk")


class LeadConsent(models.Model):
    """One yes or no of a lead, and none is ever changed; which counts is said by `last_words`."""

    class Purpose(models.TextChoices):
        CONTACT = "contact", _("to be answered")
        UNASKED = "unasked", _("to be written to unasked")

    class Channel(models.TextChoices):
        FORM = "form", _("form")
        WEB = "web", _("web chat")
        WHATSAPP = "whatsapp", "WhatsApp"
        EMAIL = "email", _("e-mail")
        STAFF = "staff", _("staff")
        IMPORT = "import", _("import")

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=16, choices=Purpose)
    is_given = models.BooleanField(_("given"))
    # What was agreed to: the text as it stood there, and the name of its version.
    text = models.TextField(_("text"), blank=True)
    version = models.CharField(_("version"), max_length=40, blank=True)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    # How we know: the message's id and words, or address and program of who sent the form.
    proof = EncryptedJSONField(default=dict)
    recorded_at = models.DateTimeField(_("recorded at"), default=timezone.now)

    objects = LeadConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        indexes = [
            models.Index(fields=["lead", "purpose", "-recorded_at"], name="consent_latest"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.purpose}"

    @property
    def is_typed(self) -> bool:
        """Whether anybody may have said this yes; it counts when its claim is proven."""
        is_unasked = self.purpose == self.Purpose.UNASKED
        return is_unasked and self.is_given and self.channel == self.Channel.FORM
