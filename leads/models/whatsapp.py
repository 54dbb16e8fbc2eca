"""The gateway's instances, and everything that it told us, as it came."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import EncryptedTextField


class WhatsAppInstance(models.Model):
    """One number at the gateway, how it is, and when it may send next."""

    class State(models.TextChoices):
        OPEN = "open", _("connected")
        CONNECTING = "connecting", _("connecting")
        CLOSED = "close", _("not connected")

    name = models.CharField(_("name"), max_length=80, unique=True)
    # The last part of its webhook's address, which is a secret of its own.
    path_key = models.CharField(max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.CLOSED)
    is_default = models.BooleanField(_("default"), default=False)
    # While it is set nothing is sent: staff, or a refusal of the gateway, said so.
    paused_at = models.DateTimeField(_("paused at"), null=True, blank=True)
    pause_reason = models.CharField(_("reason"), max_length=200, blank=True)
    alerted_at = models.DateTimeField(null=True, blank=True)
    # Pacing: claimed by a conditional update before each message.
    next_send_at = models.DateTimeField(default=timezone.now)
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    # Up to which moment the gateway's own messages were compared with ours.
    reconciled_at = models.DateTimeField(_("reconciled at"), null=True, blank=True)

    class Meta:
        verbose_name = _("WhatsApp instance")
        verbose_name_plural = _("WhatsApp instances")
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="default_instance_is_one"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"


class WebhookEventQuerySet(models.QuerySet["WebhookEvent"]):
    def waiting(self) -> "WebhookEventQuerySet":
        """Accepted and neither processed nor given up."""
        return self.filter(processed_at=None, given_up_at=None)

    def dead(self) -> "WebhookEventQuerySet":
        return self.filter(given_up_at__isnull=False, processed_at=None)


class WebhookEvent(models.Model):
    """One verified call of the gateway, stored before it is answered, and once."""

    instance = models.ForeignKey(WhatsAppInstance, models.PROTECT, related_name="webhook_events")
    # Of the message, or made from the event's kind and content where it has none.
    external_id = models.CharField(max_length=128)
    event = models.CharField(_("event"), max_length=40)
    # keyed_hash("jid", …): whose turn it is; "" if it is of no contact.
    contact = models.CharField(max_length=64, blank=True, default="")
    # As it came, without the instance's apikey.
    payload = EncryptedTextField()
    received_at = models.DateTimeField(_("received at"), default=timezone.now, db_index=True)
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    try_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True, default="")
    given_up_at = models.DateTimeField(_("given up at"), null=True, blank=True)

    objects = WebhookEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        constraints = [
            models.UniqueConstraint(
                fields=["instance", "event", "external_id"], name="webhook_event_is_stored_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["contact", "id"],
                condition=Q(processed_at=None, given_up_at=None),
                name="webhook_event_waits",
            ),
            models.Index(
                fields=["given_up_at"],
                condition=Q(given_up_at__isnull=False, processed_at=None),
                name="webhook_event_is_dead",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.event}"
