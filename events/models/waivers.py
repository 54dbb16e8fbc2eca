"""What people declare before they take part."""

import pgtrigger
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import Event
from users.models import User


class Waiver(models.Model):
    """One version of the text that people accept for an event; another text is another row."""

    event = models.ForeignKey(
        Event, models.CASCADE, related_name="waivers", verbose_name=_("event"), db_index=False
    )
    version = models.PositiveIntegerField(_("version"))
    text = models.TextField(_("text"), max_length=10_000)
    created_by = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("by"))
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("waiver")
        verbose_name_plural = _("waivers")
        constraints = [
            models.UniqueConstraint(fields=["event", "version"], name="waiver_version_is_unique"),
        ]
        triggers = [pgtrigger.Protect(name="waiver_never_changes", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"#{self.pk} {self.event_id} v{self.version}"


class WaiverAcceptance(models.Model):
    """A person accepted a version, at this moment; never taken back."""

    waiver = models.ForeignKey(
        Waiver, models.PROTECT, related_name="acceptances", verbose_name=_("waiver"), db_index=False
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="waiver_acceptances", verbose_name=_("person")
    )
    accepted_at = models.DateTimeField(_("accepted at"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("acceptance of a waiver")
        verbose_name_plural = _("acceptances of waivers")
        constraints = [
            models.UniqueConstraint(fields=["waiver", "user"], name="waiver_is_accepted_once"),
        ]
        triggers = [
            pgtrigger.Protect(
                name="acceptance_is_proof", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.waiver_id} by {self.user_id}"
