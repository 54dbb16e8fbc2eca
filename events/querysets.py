"""Questions about many events or participants."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db import models
from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FloatField,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    Sum,
    TextField,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat
from django.utils import timezone

from events import geo
from users.models import Contribution, User

if TYPE_CHECKING:
    from events.models import Event, EventNotification, EventParticipant, EventSeries  # noqa: F401


class SearchText(models.Func):
    """The given columns in one text, lower-cased and without accents (see the first migration)."""

    function = "search_text"
    output_field = TextField()


class EventQuerySet(models.QuerySet["Event"]):
    def published(self) -> "EventQuerySet":
        return self.filter(status="published")

    def held(self) -> "EventQuerySet":
        """Events that took place, or will unless something comes between."""
        return self.filter(status__in=("published", "finished", "archived"))

    def upcoming(self) -> "EventQuerySet":
        """Events that are not over yet."""
        return self.filter(ends_at__gte=timezone.now())

    def past(self) -> "EventQuerySet":
        return self.filter(ends_at__lt=timezone.now())

    def visible_to(self, user: object) -> "EventQuerySet":
        """All but other people's drafts; staff see those too."""
        if not isinstance(user, User):
            return self.exclude(status="draft")
        if user.is_staff:
            return self.all()
        return self.filter(~Q(status="draft") | Q(pk__in=self.model.objects.organized_by(user)))

    def organized_by(self, user: User) -> "EventQuerySet":
        """Events that the user organizes, alone or with others."""
        return self.filter(pk__in=self._organized_ids(user))

    def joined_by(self, user: User) -> "EventQuerySet":
        """Events in which the user only takes part, waits, or was missed."""
        joined = self.filter(pk__in=self._joined_ids(user))
        return joined.exclude(pk__in=self._organized_ids(user))

    def of(self, user: User) -> "EventQuerySet":
        """Events that the user organizes or joined."""
        return self.filter(pk__in=self._organized_ids(user).union(self._joined_ids(user)))

    def _organized_ids(self, user: User) -> models.QuerySet[Any, Any]:
        # A union, as with OR the database would read all events.
        own = self.model.objects.filter(organizer=user).values("pk")
        others = self.model.co_organizers.through.objects.filter(user=user)
        return own.union(others.values("event"))

    def _joined_ids(self, user: User) -> models.QuerySet[Any, Any]:
        return user.participations.exclude(status="left").values("event")

    def with_place_of(self, user: User) -> "EventQuerySet":
        """Annotate what the user is at each event: `my_role`, and `my_status` as a participant."""
        organized = self._organized_ids(user)
        place = user.participations.filter(event=OuterRef("pk")).values("status")
        role = Case(When(pk__in=organized, then=Value("organizer")), default=Value("participant"))
        return self.annotate(my_role=role, my_status=Subquery(place))

    def in_city(self, name: str) -> "EventQuerySet":
        """Events in the city of that name, whatever its case and accents."""
        return self.alias(city_text=SearchText("city")).filter(city_text=SearchText(Value(name)))

    def matching(self, text: str) -> "EventQuerySet":
        """Events whose title, description or city hold every word, whatever its accents."""
        found = self
        for word in text.split():
            found = found.filter(search_text__contains=SearchText(Value(word)))
        return found

    def with_co_organizers(self) -> "EventQuerySet":
        """Fetch the ids of all co-organizers at once, as `EventSerializer` needs them."""
        ids = User.objects.only("pk").order_by("pk")
        return self.prefetch_related(Prefetch("co_organizers", ids))

    def with_seats_left(self) -> "EventQuerySet":
        """Events that still take people without a waiting list."""
        return self.filter(seats_taken__lt=F("capacity"))

    def full(self) -> "EventQuerySet":
        return self.filter(seats_taken=F("capacity"))

    def nearby(self, latitude: float, longitude: float, radius_km: float) -> "EventQuerySet":
        """Events within the radius, nearest first, annotated with `distance_km` to the metre."""
        within = self.filter(geo.box(latitude, longitude, radius_km))
        measured = within.alias(exact_km=geo.distance_km(latitude, longitude))
        rounded = Cast(Cast("exact_km", DecimalField(max_digits=9, decimal_places=3)), FloatField())
        near = measured.filter(exact_km__lte=radius_km).annotate(distance_km=rounded)
        return near.order_by("exact_km", "pk")


class ParticipantQuerySet(models.QuerySet["EventParticipant"]):
    def confirmed(self) -> "ParticipantQuerySet":
        return self.filter(status="confirmed")

    def waitlisted(self) -> "ParticipantQuerySet":
        """The waiting list, first come first."""
        return self.filter(status="waitlisted").order_by("joined_at", "pk")

    def active(self) -> "ParticipantQuerySet":
        """Who holds a seat or waits for one."""
        return self.filter(status__in=("confirmed", "waitlisted"))

    def with_hours(self) -> "ParticipantQuerySet":
        """Annotate `hours`: what the ledger holds for this person at this event."""
        start = Concat(Value("event:"), OuterRef("event_id"), Value(":"), output_field=TextField())
        lines = Contribution.objects.filter(
            user=OuterRef("user"), kind="hours", source__startswith=start
        )
        total = lines.order_by().values("user").annotate(total=Sum("amount")).values("total")
        return self.annotate(hours=Coalesce(Subquery(total), Decimal(0)))

    def during(self, event: "Event") -> "ParticipantQuerySet":
        """At another event that takes place at the same time and is not cancelled.

        Who waits for an event that has started gets no seat any more, so their time is free.
        """
        overlapping = self.filter(
            event__starts_at__lt=event.ends_at, event__ends_at__gt=event.starts_at
        )
        in_vain = Q(status="waitlisted", event__starts_at__lte=timezone.now())
        return overlapping.exclude(in_vain).exclude(event=event).exclude(event__status="cancelled")

    def with_waiver(self) -> "ParticipantQuerySet":
        """Annotate `waiver_missing`: the event has a waiver that the person did not accept."""
        accepted = apps.get_model("events", "WaiverAcceptance").objects.filter(
            user=OuterRef("user"),
            waiver__event=OuterRef("event"),
            waiver__version=OuterRef("event__waiver_version"),
        )
        asked = Q(event__waiver_version__isnull=False)
        missing = When(asked & ~Exists(accepted), then=Value(True))
        return self.annotate(waiver_missing=Case(missing, default=Value(False)))

    def with_position(self) -> "ParticipantQuerySet":
        """Annotate `position`: the place on the waiting list from 1, None for who does not wait."""
        ahead = self.model.objects.filter(event=OuterRef("event"), status="waitlisted").filter(
            Q(joined_at__lt=OuterRef("joined_at"))
            | Q(joined_at=OuterRef("joined_at"), pk__lte=OuterRef("pk"))
        )
        counted = ahead.order_by().values("event").annotate(number=Count("pk")).values("number")
        return self.annotate(position=Case(When(status="waitlisted", then=Subquery(counted))))


class NotificationQuerySet(models.QuerySet["EventNotification"]):
    def waiting(self) -> "NotificationQuerySet":
        """Mails that are neither sent, nor skipped, nor given up."""
        return self.filter(sent_at=None, failed_at=None, skipped_at=None)

    def given_up(self) -> "NotificationQuerySet":
        return self.filter(failed_at__isnull=False)


class SeriesQuerySet(models.QuerySet["EventSeries"]):
    def unmade_on(self, day: date) -> "SeriesQuerySet":
        """Series that may still have events to make up to that day, by people who are here."""
        goes_on = Q(before_day=None) | Q(before_day__gt=F("made_until"))
        return self.filter(goes_on, made_until__lt=day, organizer__is_active=True)

    def with_events(self) -> "SeriesQuerySet":
        """Fetch the events of each series in their order, as `SeriesSerializer` needs them."""
        events = apps.get_model("events", "Event").objects.order_by("series_slot")
        return self.prefetch_related(
            Prefetch("events", events.with_co_organizers(), to_attr="events_by_slot")
        )
