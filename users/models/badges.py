"""Badges: what people earn by what the ledger says of them."""

import uuid
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from users.models.ledger import Contribution
from users.models.people import User


class BadgeQuerySet(models.QuerySet["Badge"]):
    def in_use(self) -> "BadgeQuerySet":
        """Those that may be earned, and those that somebody has."""
        return self.filter(
            Q(is_enabled=True) | Exists(_current_awards().filter(badge=OuterRef("pk")))
        )

    def shown_to(self, user: "User") -> "BadgeQuerySet":
        """Those that may be earned and those that the person has, with `awarded` to them."""
        mine = _current_awards().filter(user=user)
        shown = self.filter(Q(is_enabled=True) | Q(pk__in=mine.values("badge")))
        return shown.prefetch_related(Prefetch("awards", mine, to_attr="awarded"))

    def with_holders(self) -> "BadgeQuerySet":
        """Annotate `holders`, how many people have the badge."""
        current = Count("awards", filter=Q(awards__revoked_at=None))
        return self.annotate(holders=current)


class Badge(models.Model):
    """A rule: so much of something, ever or within any so many days in a row, earns the badge."""

    class Metric(models.TextChoices):
        EVENTS = "events", _("events attended")
        STREAK = "streak", _("weeks in a row")
        HOURS = "hours", _("hours")
        WASTE = "waste", _("waste collected")
        SEEDLINGS = "seedlings", _("seedlings planted")
        AREA = "area", _("area restored")
        READINGS = "readings", _("readings taken")
        PEOPLE_TAUGHT = "people_taught", _("people taught")

    class Icon(models.TextChoices):
        """Our own drawings, in static/users/badges: what staff upload could hold script."""

        SPROUT = "sprout", _("sprout")
        HANDS = "hands", _("hands")
        CLOCK = "clock", _("clock")
        BAG = "bag", _("bag")
        TREE = "tree", _("tree")
        BOOK = "book", _("book")
        FLAME = "flame", _("flame")
        CALENDAR = "calendar", _("calendar")

    UNITS: ClassVar[dict[str, str]] = Contribution.UNITS

    slug = models.SlugField(_("short name"), max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=80)
    description = models.CharField(_("description"), max_length=300)
    icon = models.CharField(_("icon"), max_length=16, choices=Icon, default=Icon.SPROUT)
    metric = models.CharField(_("what counts"), max_length=16, choices=Metric)
    category = models.SlugField(
        _("category"),
        max_length=80,
        blank=True,
        db_index=False,
        help_text=_("The short name of a category of events; empty: all count."),
    )
    window_days = models.PositiveSmallIntegerField(
        _("within days"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(3660)],
        help_text=_("Within any so many days in a row; empty: all time."),
    )
    threshold = models.DecimalField(
        _("how much"),
        max_digits=10,
        decimal_places=2,
        validators=[MinValueValidator(Decimal("0.01"))],
    )
    is_enabled = models.BooleanField(_("enabled"), default=False, editable=False)

    objects = BadgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("badge")
        verbose_name_plural = _("badges")
        ordering: ClassVar[list[str]] = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(threshold__gt=0), name="badge_asks_for_something"),
            models.CheckConstraint(
                condition=Q(window_days=None) | Q(window_days__gt=0), name="badge_window_has_days"
            ),
            models.CheckConstraint(
                condition=Q(window_days=None) | ~Q(metric="streak"),
                name="badge_streak_has_no_window",
                violation_error_message=_("Weeks in a row are not counted within days."),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"

    @property
    def is_streak(self) -> bool:
        return self.metric == self.Metric.STREAK

    @property
    def kind(self) -> str:
        """Of which lines of the ledger it is about."""
        attendance = self.metric in (self.Metric.EVENTS, self.Metric.STREAK)
        return Contribution.Kind.HOURS if attendance else self.metric

    @property
    def unit(self) -> str:
        return self.UNITS.get(self.metric, "")

    @property
    def icon_path(self) -> str:
        return f"users/badges/{self.icon}.svg"

    @property
    def icon_url(self) -> str:
        return settings.SITE_URL + static(self.icon_path)

    @property
    def criteria(self) -> str:
        """The rule, for people."""
        amount = number_format(self.threshold.normalize(), use_l10n=True)
        rule = f"{self.get_metric_display()}: {amount} {self.unit}".strip()
        if self.window_days:
            rule += ", " + _now("within %(days)s days") % {"days": self.window_days}
        if self.category:
            rule += ", " + _now("category “%(category)s”") % {"category": self.category}
        return rule


class BadgeAwardQuerySet(models.QuerySet["BadgeAward"]):
    def untold(self) -> "BadgeAwardQuerySet":
        """Those that hold and whose person does not know of them yet."""
        return self.filter(told_at=None, revoked_at=None)


class BadgeAward(models.Model):
    """Says that a person earned a badge; revoked, and never deleted, when the ledger changes."""

    class Reason(models.TextChoices):
        CORRECTION = "correction", _("What was counted for it was corrected.")

    # Public: whoever has it may look whether the award still holds.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    badge = models.ForeignKey(
        Badge, models.PROTECT, related_name="awards", verbose_name=_("badge"), db_index=False
    )
    user = models.ForeignKey(
        User, models.PROTECT, related_name="badge_awards", verbose_name=_("person")
    )
    awarded_at = models.DateTimeField(_("awarded at"), default=timezone.now)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason, blank=True)
    # When its person was told by mail, or need not be.
    told_at = models.DateTimeField(null=True, editable=False)
    mail_attempts = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)

    objects = BadgeAwardQuerySet.as_manager()

    class Meta:
        verbose_name = _("badge award")
        verbose_name_plural = _("badge awards")
        indexes = [
            models.Index(fields=["badge", "awarded_at"], name="badge_award_of_badge"),
            models.Index(fields=["awarded_at"], name="badge_award_newest"),
            models.Index(
                fields=["revoked_at"],
                condition=Q(revoked_at__isnull=False),
                name="badge_award_revoked",
            ),
            models.Index(
                fields=["awarded_at"],
                condition=Q(told_at=None, revoked_at=None),
                name="badge_award_waits_for_mail",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "user"],
                condition=Q(revoked_at=None),
                name="badge_is_awarded_once",
            ),
            models.CheckConstraint(
                condition=Q(revoked_at=None, reason="")
                | (Q(revoked_at__isnull=False) & ~Q(reason="")),
                name="badge_award_is_revoked_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def page_url(self) -> str:
        return settings.SITE_URL + reverse("account:badge", args=[self.pk])

    @property
    def credential_url(self) -> str:
        return settings.SITE_URL + reverse("account:badge-credential", args=[self.pk])


def _current_awards() -> models.QuerySet[BadgeAward]:
    return BadgeAward.objects.filter(revoked_at=None)
