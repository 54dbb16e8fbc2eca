"""What people want to hear of, and how."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User


class NotificationPreference(models.Model):
    """Whether a person wants messages of a kind by a channel; without a row they do."""

    class Kind(models.TextChoices):
        EVENT_CHANGES = "event_changes", _("sign-ups and changes of events")
        REMINDERS = "reminders", _("reminders of events")
        COMMENTS = "comments", _("comments, mentions and photos")
        BADGES = "badges", _("new badges")
        DIGEST = "digest", _("events near me")
        NEWS = "news", _("news of the organisation")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")

    user = models.ForeignKey(
        User,
        models.CASCADE,
        related_name="notification_preferences",
        verbose_name=_("person"),
        db_index=False,  # the constraint below begins with it
    )
    kind = models.CharField(_("kind"), max_length=24, choices=Kind)
    channel = models.CharField(_("channel"), max_length=16, choices=Channel)
    is_wanted = models.BooleanField(_("wanted"))
    # Switched off by a word that was said elsewhere, whose end gives it back.
    by_opt_out = models.BooleanField(default=False, db_default=False)
    # The proof of consent, or of its end.
    changed_at = models.DateTimeField(_("changed at"), default=timezone.now)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "channel"], name="notification_preference_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(by_opt_out=False) | Q(is_wanted=False),
                name="what_an_opt_out_took_is_off",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.user_id} {self.kind} {self.channel}"
