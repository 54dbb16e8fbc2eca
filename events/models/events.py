"""What people come together for."""

import functools
from datetime import date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo, available_timezones

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.places import Placed
from events.models.codes import new_code
from events.querysets import EventQuerySet, SearchText
from users.models import Contribution, User

# What reports tell of; hours come from who was there.
IMPACT_KINDS = [choice for choice in Contribution.Kind.choices if choice[0] != "hours"]
# What a machine's files also hold, but no database need know: its own zone, and none at all.
NO_TIME_ZONES = {"localtime", "Factory"}


@functools.cache
def known_time_zones() -> set[str]:
    """The names of the IANA database; read once, as they are spread over many files."""
    return available_timezones() - NO_TIME_ZONES


def validate_time_zone(name: str) -> None:
    """Accept a name of the IANA time zone database."""
    if name not in known_time_zones():
        raise ValidationError(_("This time zone is unknown."), code="invalid_time_zone")


def photos_need_approval() -> bool:
    """What holds for an event unless staff say otherwise."""
    return settings.EVENT_PHOTOS_NEED_APPROVAL


class EventCategory(models.Model):
    """What people do at an event; staff add their own to the four starters."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    description = models.TextField(_("description"), max_length=1000, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    # Which figures a report of such an event holds; hours come from who was there.
    metrics = ArrayField(
        models.CharField(max_length=16, choices=IMPACT_KINDS),
        verbose_name=_("figures of a report"),
        default=list,
        db_default=[],
        blank=True,
    )

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


# Waivers are rows that are never changed, and a series tells what it made.
_TOLD_BY_OTHER_ROWS = ("series", "series_slot", "waiver_version")


@pghistory.track(
    pghistory.InsertEvent(),
    # Joining changes only the counter, which the participants already tell.
    pghistory.UpdateEvent(
        condition=pghistory.AnyChange(exclude=["seats_taken", "updated_at", *_TOLD_BY_OTHER_ROWS])
    ),
    model_name="EventHistory",
    exclude=[
        "seats_taken",
        "search_text",
        "venue_code",
        "photos_need_approval",
        *_TOLD_BY_OTHER_ROWS,
    ],
    meta={"verbose_name": _("change"), "verbose_name_plural": _("changes")},
)
class Event(Placed):
    """A meeting with a limited number of seats."""

    MAX_CO_ORGANIZERS = 10

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        CANCELLED = "cancelled", _("cancelled")
        FINISHED = "finished", _("finished")
        ARCHIVED = "archived", _("archived")

    title = models.CharField(_("title"), max_length=200)
    description = models.TextField(_("description"), max_length=10_000, blank=True)
    category = models.ForeignKey(
        EventCategory, models.PROTECT, related_name="events", verbose_name=_("category")
    )
    organizer = models.ForeignKey(
        User, models.PROTECT, related_name="organized_events", verbose_name=_("organizer")
    )
    co_organizers = models.ManyToManyField(
        User, related_name="co_organized_events", blank=True, verbose_name=_("co-organizers")
    )
    address = models.CharField(_("address"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=120)
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=settings.TIME_ZONE, validators=[validate_time_zone]
    )
    capacity = models.PositiveIntegerField(
        _("capacity"), validators=[MinValueValidator(1), MaxValueValidator(100_000)]
    )
    # Derived from the participants under the event's lock; `manage.py recount` rebuilds it.
    seats_taken = models.PositiveIntegerField(_("seats taken"), default=0, editable=False)
    waitlist_enabled = models.BooleanField(_("waiting list"), default=True)
    signup_closes_at = models.DateTimeField(_("sign-up closes at"), null=True, blank=True)
    leave_closes_at = models.DateTimeField(_("leaving closes at"), null=True, blank=True)
    min_age = models.PositiveSmallIntegerField(
        _("minimum age"), null=True, blank=True, validators=[MaxValueValidator(120)]
    )
    status = models.CharField(
        _("status"), max_length=16, choices=Status, default=Status.DRAFT, editable=False
    )
    cancel_reason = models.CharField(
        _("reason for cancelling"), max_length=500, blank=True, editable=False
    )
    series = models.ForeignKey(
        "events.EventSeries",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="events",
        verbose_name=_("series"),
        db_index=False,  # the constraint below begins with it
    )
    # The day, at the venue, for which its series made it; stays when the event is moved.
    series_slot = models.DateField(null=True, blank=True, editable=False)
    # The waiver that counts now; none of its versions if there is no waiver.
    waiver_version = models.PositiveIntegerField(null=True, blank=True, editable=False)
    photos_need_approval = models.BooleanField(
        _("photos need approval"),
        default=photos_need_approval,
        db_default=False,
        help_text=_("Photos are private until staff approve them."),
    )
    # Counts the changes of time or place: everyone hears of each version once.
    version = models.PositiveIntegerField(default=1, editable=False)
    # Shown at the venue: whoever reads it may check in without an organizer.
    venue_code = models.CharField(max_length=32, default=new_code, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"), auto_now=True)
    search_text = models.GeneratedField(
        expression=SearchText("title", "description", "city"),
        output_field=models.TextField(),
        db_persist=True,
        editable=False,
    )

    objects = EventQuerySet.as_manager()

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [
            *Placed.Meta.constraints,
            models.CheckConstraint(condition=Q(capacity__gt=0), name="event_has_seats"),
            models.CheckConstraint(
                condition=Q(seats_taken__lte=F("capacity")), name="event_is_not_overbooked"
            ),
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="event_ends_after_start"
            ),
            models.CheckConstraint(
                condition=~Q(status="cancelled") | ~Q(cancel_reason=""),
                name="event_cancelled_with_reason",
            ),
            models.UniqueConstraint(
                fields=["series", "series_slot"], name="event_slot_of_series_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(series=None, series_slot=None)
                | Q(series__isnull=False, series_slot__isnull=False),
                name="event_of_series_has_slot",
            ),
        ]
        indexes = [
            # Includes what the list filters by, so that a far page is found without its rows.
            models.Index(
                fields=["status", "starts_at", "id"], include=["ends_at"], name="event_by_start"
            ),
            models.Index(fields=["starts_at", "id"], name="event_by_time"),
            models.Index(fields=["status", "created_at", "id"], name="event_by_creation"),
            models.Index(SearchText("city"), "starts_at", name="event_by_city"),
            models.Index(fields=["status", "ends_at"], name="event_by_end"),
            models.Index(fields=["category", "starts_at"], name="event_by_category"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="event_by_text"),
            models.Index(
                fields=["latitude", "longitude"],
                condition=Q(status="published"),
                name="event_by_place",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.title}"

    @property
    def seats_left(self) -> int:
        return self.capacity - self.seats_taken

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def starts_at_local(self) -> datetime:
        """The start as clocks at the venue show it."""
        return self.starts_at.astimezone(self.zone)

    @property
    def ends_at_local(self) -> datetime:
        """The end as clocks at the venue show it."""
        return self.ends_at.astimezone(self.zone)

    @property
    def starts_on(self) -> date:
        """The day of the start at the venue: ages count on it."""
        return self.starts_at_local.date()

    @property
    def has_started(self) -> bool:
        return self.starts_at <= timezone.now()

    @property
    def is_over(self) -> bool:
        return self.ends_at <= timezone.now()

    @property
    def is_signup_closed(self) -> bool:
        return self.signup_closes_at is not None and self.signup_closes_at <= timezone.now()

    @property
    def is_leaving_closed(self) -> bool:
        """Whether a seat may no longer be given back: from the start on, unless said otherwise."""
        return (self.leave_closes_at or self.starts_at) <= timezone.now()

    def clean(self) -> None:
        """Check what two fields must fulfil together."""
        super().clean()
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError(
                {
                    "ends_at": ValidationError(
                        _("The end must be after the start."), "ends_too_early"
                    )
                }
            )


@pghistory.track(
    pghistory.InsertEvent("added"),
    pghistory.DeleteEvent("taken_off"),
    model_name="CoOrganizerHistory",
    obj_field=None,
    meta={"verbose_name": _("co-organizer"), "verbose_name_plural": _("co-organizers")},
)
class CoOrganizer(Event.co_organizers.through):  # type: ignore[name-defined]
    """Who runs an event beside its organizer; here only to keep the history of it."""

    class Meta:
        proxy = True
        default_permissions = ()
