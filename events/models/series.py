"""Events that repeat."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events import recurrence
from events.models.events import EventCategory, validate_time_zone
from events.querysets import SeriesQuerySet
from users.models import User


class EventSeries(models.Model):
    """A rule by which one event follows another; each of them is an event like any other."""

    organizer = models.ForeignKey(
        User, models.PROTECT, related_name="event_series", verbose_name=_("organizer")
    )
    category = models.ForeignKey(
        EventCategory, models.PROTECT, related_name="series", verbose_name=_("category")
    )
    # What else each new event starts out with, by the names of its columns.
    plan = models.JSONField(default=dict)
    rule = models.CharField(_("rule"), max_length=recurrence.MAX_LENGTH)
    # The rule counts from the first day on; the series has those of its days that lie in the
    # window, so that a series is split without touching its rule.
    first_day = models.DateField()
    from_day = models.DateField()
    before_day = models.DateField(null=True)
    start_time = models.TimeField()
    duration = models.DurationField()
    time_zone = models.CharField(max_length=64, validators=[validate_time_zone])
    # Up to this day all events were made; what was thrown away since is not made again.
    made_until = models.DateField()
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = SeriesQuerySet.as_manager()

    class Meta:
        verbose_name = _("series")
        verbose_name_plural = _("series of events")
        constraints = [
            models.CheckConstraint(
                condition=Q(before_day=None) | Q(before_day__gt=F("from_day")),
                name="event_series_has_a_day",
            ),
        ]
        indexes = [models.Index(fields=["made_until"], name="event_series_to_extend")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.rule}"

    def start_of(self, slot: date) -> datetime:
        """The moment at which the event of that day starts by the clocks at the venue.

        A time that a clock change skips counts by the offset before it, one that comes twice
        is the first, as RFC 5545 says.
        """
        local = datetime.combine(slot, self.start_time, ZoneInfo(self.time_zone))
        return local.astimezone(UTC)

    def days(self, until: date) -> Iterator[date]:
        """The days of the rule that are in the window, up to the given one."""
        rule = recurrence.parse(self.rule)
        in_time = takewhile(self._is_before_end, recurrence.days(rule, self.first_day, until))
        return (day for day in in_time if day >= self.from_day and self._is_wanted(rule, day))

    def _is_before_end(self, day: date) -> bool:
        return self.before_day is None or day < self.before_day

    def _is_wanted(self, rule: recurrence.Rule, day: date) -> bool:
        if isinstance(rule.until, datetime):
            return self.start_of(day) <= rule.until
        return rule.until is None or day <= rule.until
