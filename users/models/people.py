"""People and their accounts."""

from datetime import date
from typing import Any, ClassVar

import pgtrigger
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractBaseUser, PermissionsMixin
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.encoding import punycode
from django.utils.translation import gettext_lazy as _

from config.places import Placed
from users.phones import validate_phone
from users.querysets import ADULT_AGE, UserManager

FIRST_YEAR = 1900


def validate_birth_date(day: date) -> None:
    """Accept a day on which somebody who lives was born."""
    if not date(FIRST_YEAR, 1, 1) <= day <= timezone.localdate():
        raise ValidationError(
            _("Nobody who lives was born on that day."), code="invalid_birth_date"
        )


class User(Placed, AbstractBaseUser, PermissionsMixin):
    """A person with an account; the e-mail address is the login, always in lower case."""

    class Language(models.TextChoices):
        PORTUGUESE = "pt-br", _("Portuguese (Brazil)")
        ENGLISH = "en", _("English")

    email = models.EmailField(_("e-mail"), unique=True)
    first_name = models.CharField(_("first name"), max_length=80)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    phone = models.CharField(_("phone"), max_length=16, blank=True, validators=[validate_phone])
    bio = models.TextField(_("about"), max_length=2000, blank=True)
    city = models.CharField(_("city"), max_length=120, blank=True)
    travel_radius_km = models.PositiveSmallIntegerField(
        _("travel radius (km)"), default=25, validators=[MaxValueValidator(200)]
    )
    language = models.CharField(
        _("language"), max_length=8, choices=Language, default=Language.PORTUGUESE
    )
    birth_date = models.DateField(
        _("birth date"), null=True, blank=True, validators=[validate_birth_date]
    )
    is_public = models.BooleanField(_("public profile"), default=False)
    # Names a file in the private storage; "" is none.
    avatar = models.FileField(
        _("picture"), upload_to="avatars", blank=True, default="", db_default="", editable=False
    )
    refuses_photos = models.BooleanField(
        _("refuses to be in photos"), default=False, db_default=False
    )
    in_leaderboard = models.BooleanField(_("in the leaderboard"), default=False, db_default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    joined_at = models.DateTimeField(_("joined at"), default=timezone.now, editable=False)
    # Empty for accounts that staff or an import made: they get no welcome on their own.
    registered_at = models.DateTimeField(_("registered at"), null=True, editable=False)
    email_confirmed_at = models.DateTimeField(_("e-mail confirmed at"), null=True, editable=False)
    welcomed_at = models.DateTimeField(_("welcomed at"), null=True, editable=False)
    welcome_attempts = models.PositiveSmallIntegerField(db_default=0, editable=False)
    # Since when the mail waits that tells of a new password.
    password_mail_due_at = models.DateTimeField(null=True, editable=False)
    password_mail_attempts = models.PositiveSmallIntegerField(db_default=0, editable=False)
    # The address that becomes `email` once it is confirmed.
    pending_email = models.EmailField(_("new e-mail"), blank=True, editable=False)
    # Every token carries it: raising it ends them all, at the next request.
    token_version = models.PositiveIntegerField(default=0, editable=False)
    # Moved on with a new hash of the same password, which then ends no token.
    password_rehashed_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            *Placed.Meta.constraints,
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower"),
        ]
        indexes = [
            models.Index(fields=["joined_at"], name="user_joined"),
            models.Index(
                fields=["city"], condition=Q(in_leaderboard=True), name="user_in_leaderboard"
            ),
            models.Index(
                fields=["registered_at"],
                condition=Q(welcomed_at=None, registered_at__isnull=False),
                name="user_waits_for_welcome",
            ),
            models.Index(
                fields=["password_mail_due_at"],
                condition=Q(password_mail_due_at__isnull=False),
                name="user_waits_for_password_mail",
            ),
        ]
        triggers = [
            # Here, and not in a service, so that no road passes it by: the admin, a shell, SQL.
            pgtrigger.Trigger(
                name="ends_tokens",
                operation=pgtrigger.UpdateOf(
                    "password", "is_active", "token_version", "password_rehashed_at"
                ),
                when=pgtrigger.Before,
                # A row that was read before a rehash brings an older stamp, which says nothing.
                func="""
                    NEW.password_rehashed_at = GREATEST(
                        OLD.password_rehashed_at, NEW.password_rehashed_at
                    );
                    IF (OLD.is_active AND NOT NEW.is_active) OR (
                        NEW.password <> OLD.password
                        AND NEW.password_rehashed_at IS NOT DISTINCT FROM OLD.password_rehashed_at
                    ) THEN
                        NEW.token_version = OLD.token_version + 1;
                    ELSE
                        NEW.token_version = GREATEST(OLD.token_version, NEW.token_version);
                    END IF;
                    RETURN NEW;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.email}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, and learn the token version that the database gave to a new password."""
        is_new_password = self._password is not None and not self._state.adding
        super().save(*args, **kwargs)
        if is_new_password:
            self.refresh_from_db(fields=["token_version"])

    @classmethod
    def normalize_username(cls, username: str) -> str:
        """An address as it is stored: in lower case, its domain in ASCII.

        What has no such form stays what it is, and is no address for validators.
        """
        address = super().normalize_username(username).strip().lower()
        local, at, domain = address.rpartition("@")
        try:
            return f"{local}{at}{punycode(domain)}"
        except UnicodeError:
            return address

    @property
    def name(self) -> str:
        """The name as others see it."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def public_name(self) -> str:
        """The name as everyone sees it: in full only of who agreed to a public profile."""
        return self.name if self.is_public else self.first_name

    def get_full_name(self) -> str:
        """The name, for Django's own pages."""
        return self.name

    def refuses_photos_on(self, day: date) -> bool:
        """Whether photos must not show them that day: they said so, or are under age."""
        age = self.age_on(day)
        return self.refuses_photos or (age is not None and age < ADULT_AGE)

    def age_on(self, day: date) -> int | None:
        """Full years on that day; None without a birth date."""
        if self.birth_date is None:
            return None
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (not had_birthday)

    def check_password(self, raw_password: str | None) -> bool:
        """Compare; a hash of an older kind is replaced, which ends no sign-in."""
        return check_password(raw_password, self.password, self._rehash)

    def _rehash(self, raw_password: str) -> None:
        """Hash the same password anew, unless it was changed in the meantime."""
        unchanged = User.objects.filter(pk=self.pk, password=self.password)
        self.set_password(raw_password)
        self._password = None
        unchanged.update(password=self.password, password_rehashed_at=Now())

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a sign-in to the admin depends on: it ends when the person's tokens end."""
        version = f"{self.pk}:{self.token_version}"
        return salted_hmac(
            "users.User.session", version, secret=secret, algorithm="sha256"
        ).hexdigest()
