"""Named questions about people."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.db.models import Exists, FilteredRelation, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

if TYPE_CHECKING:
    from users.models import User

ADULT_AGE = 18


class UserQuerySet(models.QuerySet["User"]):
    def adult(self) -> "UserQuerySet":
        """Leave out who is known to be under 18."""
        today = timezone.localdate()
        day = 28 if (today.month, today.day) == (2, 29) else today.day  # 18 years ago had no 29th
        youngest = today.replace(year=today.year - ADULT_AGE, day=day)
        return self.filter(Q(birth_date=None) | Q(birth_date__lte=youngest))

    def public(self) -> "UserQuerySet":
        """People whose profile anyone may see: active, adult, and they agreed."""
        return self.adult().filter(is_active=True, is_public=True)

    def in_leaderboard(self, city: str = "") -> "UserQuerySet":
        """People who agreed to be compared: active, adult; of one city, in any spelling."""
        people = self.adult().filter(is_active=True, in_leaderboard=True)
        return people.filter(city__unaccent__iexact=city) if city else people

    def waiting_for_welcome(self) -> "UserQuerySet":
        """Who signed up themselves and got no welcome mail yet."""
        return self.filter(registered_at__isnull=False, welcomed_at=None, is_active=True)

    def waiting_for_password_mail(self) -> "UserQuerySet":
        """Who got a new password and was not told yet."""
        return self.filter(password_mail_due_at__isnull=False, is_active=True)

    def wanting(self, kind: str, channel: str = "email") -> "UserQuerySet":
        """Who did not switch off messages of this kind; ask again when sending."""
        preferences = self.model._meta.get_field("notification_preferences").related_model
        unwanted = preferences.objects.filter(  # type: ignore[union-attr]
            user=OuterRef("pk"), kind=kind, channel=channel, is_wanted=False
        )
        return self.filter(~Exists(unwanted))

    def with_hours(self) -> "UserQuerySet":
        """Annotate `hours`, what the person's ledger adds up to."""
        return self.annotate(
            total=FilteredRelation(
                "contribution_totals", condition=Q(contribution_totals__kind="hours")
            ),
            hours=Coalesce("total__amount", Decimal(0), output_field=models.DecimalField()),
        )


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes users whose e-mail address is stored in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.model.normalize_username(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        """Find the user of a login, typed in any case."""
        return self.get(email=self.model.normalize_username(email or ""))
