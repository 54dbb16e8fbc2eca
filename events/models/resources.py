"""What an event needs, what people bring, and who takes whom along."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, IntegerField, OuterRef, Prefetch, Q, Subquery, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.models.events import Event
from events.models.participation import EventParticipant
from users.models import User

MOST_NEEDED = 1000
PLEDGES_SHOWN = 50


class ResourceQuerySet(models.QuerySet["EventResource"]):
    def visible_to(self, user: object) -> "ResourceQuerySet":
        """Of events that the user may see."""
        return self.filter(event__in=Event.objects.visible_to(user))

    def missing(self) -> "ResourceQuerySet":
        """Things of which less is pledged than is needed; an empty car is missed by nobody."""
        return self.filter(kind="item", pledged__lt=F("needed")).order_by("pk")

    def with_pledges(self, user: object, *, of_all: bool) -> "ResourceQuerySet":
        """Annotate `my_pledge`, and fetch the first `shown_pledges`: none unless `of_all`."""
        pledges = ResourcePledge.objects.select_related("participant__user").order_by("pk")
        shown = pledges[:PLEDGES_SHOWN] if of_all else pledges.none()
        mine: Any = Value(None, output_field=IntegerField())
        if isinstance(user, User):
            own = ResourcePledge.objects.filter(resource=OuterRef("pk"), participant__user=user)
            mine = Subquery(own.values("quantity"))
        with_driver = self.select_related("offered_by").annotate(my_pledge=mine)
        return with_driver.prefetch_related(Prefetch("pledges", shown, to_attr="shown_pledges"))


class EventResource(models.Model):
    """So many of a thing that an event needs, or so many seats in a car that somebody drives."""

    class Kind(models.TextChoices):
        ITEM = "item", _("thing")
        RIDE = "ride", _("ride")

    event = models.ForeignKey(
        Event, models.CASCADE, related_name="resources", verbose_name=_("event")
    )
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.ITEM)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    needed = models.PositiveIntegerField(
        _("needed"), validators=[MinValueValidator(1), MaxValueValidator(MOST_NEEDED)]
    )
    # Derived from the pledges under the event's lock; `manage.py recount` rebuilds it.
    pledged = models.PositiveIntegerField(_("pledged"), default=0, editable=False)
    # Who drives; things are asked for by the event.
    offered_by = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="rides",
        verbose_name=_("offered by"),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        verbose_name = _("resource")
        verbose_name_plural = _("resources")
        constraints = [
            models.CheckConstraint(condition=Q(needed__gt=0), name="event_resource_is_needed"),
            models.CheckConstraint(
                condition=Q(pledged__lte=F("needed")), name="event_resource_is_not_overpledged"
            ),
            models.CheckConstraint(
                condition=Q(kind="item", offered_by=None)
                | Q(kind="ride", offered_by__isnull=False),
                name="event_resource_has_driver_if_ride",
            ),
            models.UniqueConstraint(
                fields=["event", "offered_by"], name="event_resource_is_one_ride_each"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.name}"

    @property
    def missing(self) -> int:
        return self.needed - self.pledged


class PledgeQuerySet(models.QuerySet["ResourcePledge"]):
    def of(self, user: User, event: Event) -> "PledgeQuerySet":
        """What the user brings to the event, and with whom they ride."""
        mine = self.filter(participant__event=event, participant__user=user)
        return mine.select_related("resource__offered_by").order_by("resource")


class ResourcePledge(models.Model):
    """How many of it a participant brings, or their seat in the car."""

    resource = models.ForeignKey(
        EventResource, models.CASCADE, related_name="pledges", verbose_name=_("resource")
    )
    participant = models.ForeignKey(
        EventParticipant, models.CASCADE, related_name="pledges", verbose_name=_("participant")
    )
    quantity = models.PositiveIntegerField(_("quantity"))
    pledged_at = models.DateTimeField(_("pledged at"), default=timezone.now)

    objects = PledgeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="resource_pledge_is_some"),
            models.UniqueConstraint(
                fields=["resource", "participant"], name="resource_pledge_is_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.participant_id} → {self.resource_id}"
