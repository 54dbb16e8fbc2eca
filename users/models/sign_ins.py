"""Sign-ins that last, and every try to sign in."""

import uuid

from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from users.models.people import User


class TokenFamilyQuerySet(models.QuerySet["TokenFamily"]):
    def alive(self) -> "TokenFamilyQuerySet":
        """Sign-ins whose last refresh token still works."""
        return self.filter(
            revoked_at=None,
            expires_at__gt=timezone.now(),
            user__is_active=True,
            version=F("user__token_version"),
        )


class TokenFamily(models.Model):
    """One sign-in: the refresh tokens that descend from it, of which only the last one works."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="token_families")
    # The person's token version at the sign-in: the family ends when that is raised.
    version = models.PositiveIntegerField()
    # The `jti` of the only refresh token that may be used, and of the one it replaced.
    current = models.CharField(max_length=32)
    previous = models.CharField(max_length=32, blank=True)
    user_agent = models.CharField(_("device"), max_length=200, blank=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    created_at = models.DateTimeField(_("signed in at"), default=timezone.now)
    rotated_at = models.DateTimeField(_("last used at"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    objects = TokenFamilyQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [models.Index(fields=["expires_at"], name="token_family_expires")]

    def __str__(self) -> str:
        return f"{self.pk} of {self.user_id}"


class LoginAttempt(models.Model):
    """Every try to sign in, kept for the lock-out and for whoever must look into it."""

    # Blank if what was typed is no address: it may be a password in the wrong box.
    account = models.EmailField(_("account"), blank=True)
    address = models.GenericIPAddressField(_("address"))
    succeeded = models.BooleanField(_("succeeded"), default=False)
    # Refused by the lock-out, without a look at the password.
    refused = models.BooleanField(_("refused"), default=False)
    attempted_at = models.DateTimeField(_("attempted at"), default=timezone.now)

    class Meta:
        verbose_name = _("login attempt")
        verbose_name_plural = _("login attempts")
        indexes = [
            models.Index(
                fields=["account", "address", "attempted_at"], name="login_attempt_recent"
            ),
            models.Index(fields=["attempted_at"], name="login_attempt_age"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.account}"
