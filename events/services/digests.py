"""The weekly mail of events near a person; each event is told once."""

from datetime import date, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from config.patience import MAX_ATTEMPTS, overdue
from events import emails, tasks
from events.models import Digest, Event, ToldEvent
from events.querysets import EventQuerySet
from users import services as users
from users.models import NotificationPreference, User

KIND = NotificationPreference.Kind.DIGEST
# So many events at most, which begin within so long.
MOST, AHEAD = 10, timedelta(days=30)
BATCH = 1000
SWEEP_SIZE = 1000


def begin_digests(day: date | None = None) -> None:
    """Make the rows of this week, once however often this runs; their mails go out by tasks."""
    day = day or timezone.localdate()
    week = day - timedelta(days=day.weekday())
    readers = User.objects.wanting(KIND).filter(
        is_active=True, email_confirmed_at__isnull=False, latitude__isnull=False
    )
    ids = readers.exclude(travel_radius_km=0).order_by("pk").values_list("pk", flat=True)
    batch: list[Digest] = []
    for pk in ids.iterator(BATCH):
        batch.append(Digest(user_id=pk, week=week))
        if len(batch) == BATCH:
            _make(batch)
            batch = []
    _make(batch)


def _make(digests: list[Digest]) -> None:
    """Killed after it, what has no task yet is found by the sweep."""
    Digest.objects.bulk_create(digests, ignore_conflicts=True)
    readers = [digest.user_id for digest in digests]
    made = Digest.objects.waiting().filter(user__in=readers, attempts=0)
    for pk in made.values_list("pk", flat=True):
        tasks.send_event_digest.delay_on_commit(pk)


def send_digest(digest_id: int) -> None:
    """Mail it once, however often this runs; without anything new it is skipped.

    The try is counted first and for itself, so that one that kills the worker counts too. Then
    the row is claimed, and each event by a row that is unique for the person: of two weeks that
    are sent at once, one tells of it. The person is not locked, however slow the mail server is.
    """
    waiting = Digest.objects.waiting().filter(pk=digest_id)
    if not waiting.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        return
    with transaction.atomic():
        if not waiting.update(sent_at=timezone.now()):
            return
        digest = Digest.objects.select_related("user").get(pk=digest_id)
        if events := _claim(digest, _news_for(digest.user)):
            emails.digest(digest.user, events)
        else:
            Digest.objects.filter(pk=digest_id).update(sent_at=None, skipped_at=timezone.now())


def _claim(digest: Digest, events: list[Event]) -> list[Event]:
    """Note what is told, in one order for all; give what no other digest told meanwhile."""
    rows = [
        ToldEvent(digest=digest, user_id=digest.user_id, event=event)
        for event in sorted(events, key=lambda event: event.pk)
    ]
    ToldEvent.objects.bulk_create(rows, ignore_conflicts=True)
    ours = set(digest.told_events.values_list("event", flat=True))
    return [event for event in events if event.pk in ours]


def _news_for(user: User) -> list[Event]:
    """Events within the person's radius that they may join and neither heard of nor are in."""
    if not user.is_active or not users.wants(user, KIND):
        return []
    if user.latitude is None or user.longitude is None:
        return []
    new = _open_soon().exclude(told_to__user=user).exclude(participants__user=user)
    others = new.exclude(pk__in=Event.objects.organized_by(user).values("pk"))
    near = others.nearby(user.latitude, user.longitude, user.travel_radius_km)
    return list(islice((event for event in near if _is_old_enough(user, event)), MOST))


def _open_soon() -> EventQuerySet:
    """Events to come that still take people, be it on their waiting list."""
    now = timezone.now()
    soon = Event.objects.published().filter(starts_at__gt=now, starts_at__lte=now + AHEAD)
    takes_people = Q(seats_taken__lt=F("capacity")) | Q(waitlist_enabled=True)
    signs_up = Q(signup_closes_at=None) | Q(signup_closes_at__gt=now)
    return soon.filter(takes_people, signs_up)


def _is_old_enough(user: User, event: Event) -> bool:
    """Who did not tell their age is told; joining asks for it."""
    age = user.age_on(event.starts_on)
    return not event.min_age or age is None or age >= event.min_age


def overdue_digests() -> list[int]:
    """Give up on what failed too often; return the oldest of what else waits for too long."""
    waiting = Digest.objects.waiting()
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(failed_at=timezone.now())
    due = waiting.filter(overdue(attempts="attempts", since="created_at"))
    return list(due.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SIZE])
