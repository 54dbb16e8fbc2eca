"""The weekly mail of events near a person; each event is told once."""

from datetime import date, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from config.patience import MAX_ATTEMPTS, overdue
from events import emails, tasks
from events.models import Digest, Event, ToldEvent
from events.querysets import EventQuerySet
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
    the person is locked: two weeks that are sent at once tell no event twice.
    """
    waiting = Digest.objects.waiting().filter(pk=digest_id)
    if not waiting.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        return
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).filter(digests=digest_id).first()
        digest = waiting.first()
        if user is None or digest is None:
            return
        events = list(_news_for(user))
        now = timezone.now()
        if not events:
            waiting.update(skipped_at=now)
            return
        waiting.update(sent_at=now)
        ToldEvent.objects.bulk_create(
            ToldEvent(digest=digest, user=user, event=event) for event in events
        )
        emails.digest(user, events)


def _news_for(user: User) -> EventQuerySet:
    """Events within the person's radius that they neither heard of nor take part in."""
    if not user.is_active or not User.objects.wanting(KIND).filter(pk=user.pk).exists():
        return Event.objects.none()
    if user.latitude is None or user.longitude is None:
        return Event.objects.none()
    soon = (
        Event.objects.published()
        .upcoming()
        .filter(starts_at__gt=timezone.now(), starts_at__lte=timezone.now() + AHEAD)
    )
    new = soon.exclude(told_to__user=user).exclude(participants__user=user)
    near = new.exclude(organizer=user).nearby(user.latitude, user.longitude, user.travel_radius_km)
    return near[:MOST]


def overdue_digests() -> list[int]:
    """Give up on what failed too often; return the oldest of what else waits for too long."""
    waiting = Digest.objects.waiting()
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(failed_at=timezone.now())
    due = waiting.filter(overdue(attempts="attempts", since="created_at"))
    return list(due.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SIZE])
