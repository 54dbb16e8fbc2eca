"""Mails about events: one row for each, made with the change it tells of, sent once."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField, F, Func, QuerySet, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Now
from django.utils import timezone

from config.patience import MAX_ATTEMPTS, overdue
from events import emails, tasks
from events.models import (
    CoOrganizer,
    Event,
    EventComment,
    EventMail,
    EventNotification,
    EventParticipant,
    EventPhoto,
)
from events.querysets import EventQuerySet, ParticipantQuerySet
from events.services import organizing
from users import services as users
from users.models import User

Kind = EventNotification.Kind
Status = EventParticipant.Status

SWEEP_SIZE = 200
# A reminder is due while the time to the start lies between these.
REMINDERS = {
    Kind.HOURS_BEFORE: (timedelta(0), timedelta(hours=2)),
    Kind.DAY_BEFORE: (timedelta(hours=2), timedelta(hours=24)),
}
# Whoever has another status by the time a mail goes out is not concerned any more.
CONCERNED = {
    Kind.JOINED: {Status.CONFIRMED},
    Kind.WAITLISTED: {Status.WAITLISTED},
    Kind.PROMOTED: {Status.CONFIRMED},
    Kind.CHANGED: {Status.CONFIRMED, Status.WAITLISTED},
    Kind.CANCELLED: {Status.CONFIRMED, Status.WAITLISTED},
    Kind.REMOVED: {Status.LEFT},
    Kind.DAY_BEFORE: {Status.CONFIRMED},
    Kind.HOURS_BEFORE: {Status.CONFIRMED},
    Kind.MESSAGE: {Status.CONFIRMED, Status.WAITLISTED},
    Kind.WAIVER: {Status.CONFIRMED, Status.WAITLISTED},
    Kind.NOT_NEEDED: {Status.CONFIRMED},
    Kind.RIDE_GONE: {Status.CONFIRMED},
}
# What makes two messages of one kind different.
SIGN_UP = Cast("joined_at", CharField())
EVENT_VERSION = Cast("event__version", CharField())


def _day_of(moment: str) -> Func:
    """What makes a message about an event new: moved within the day, it is still the same one.

    The day in one zone for all: a zone that this database does not know must not hold up
    everybody's reminders.
    """
    here = Func(Value(settings.TIME_ZONE), F(moment), function="timezone")
    return Func(here, Value("YYYY-MM-DD"), function="to_char", output_field=CharField())


def announce(
    kind: EventNotification.Kind,
    places: ParticipantQuerySet,
    *,
    version: Combinable = SIGN_UP,
    reason: str = "",
    mail: EventMail | None = None,
) -> None:
    """Tell the people at these places, each once: their rows now, the mails after the commit."""
    people = places.order_by()
    _start(_insert(people, ("event_id", "user_id"), kind, version, reason, mail))


def tell_organizers(
    kind: EventNotification.Kind,
    events: EventQuerySet,
    *,
    version: str | None = None,
    among: Collection[int] | None = None,
    reason: str = "",
) -> None:
    """Tell all who run these events, or only those `among` them; to confirmed addresses only.

    Without a version, once for each day that an event is put on.
    """
    helpers = CoOrganizer.objects.filter(event__in=events)
    sources: list[tuple[QuerySet[Any], str, str, str]] = [
        (events, "pk", "organizer", "starts_at"),
        (helpers, "event_id", "user", "event__starts_at"),
    ]
    for rows, event, user, start in sources:
        known = {f"{user}__is_active": True, f"{user}__email_confirmed_at__isnull": False}
        chosen = {} if among is None else {f"{user}__in": among}
        people = rows.order_by().filter(**known, **chosen)
        told = _day_of(start) if version is None else Value(version)
        _start(_insert(people, (event, f"{user}_id"), kind, told, reason))


def tell(
    kind: EventNotification.Kind, event: Event, user: User, *, version: str, reason: str
) -> None:
    """Tell one person, whether they take part or not."""
    this_event = Event.objects.filter(pk=event.pk).annotate(reader=Value(user.pk))
    _start(_insert(this_event, ("pk", "reader"), kind, Value(version), reason))


def tell_who_objected(
    kind: EventNotification.Kind, decided: EventComment | EventPhoto, *, since: datetime | None
) -> None:
    """Tell those who flagged it, since it was decided about before, what came of that."""
    flags = decided.flags.filter(user__is_active=True).exclude(user=decided.decided_by)
    if since:
        flags = flags.filter(created_at__gt=since)
    people = flags.order_by().annotate(at=Value(decided.event_id))
    _start(_insert(people, ("at", "user_id"), kind, Value(decision(decided)), ""))


def decision(decided: EventComment | EventPhoto) -> str:
    """What makes the mails about one decision different from those about the next."""
    return f"{decided.pk}:{decided.decided_at.timestamp():.0f}"  # type: ignore[union-attr]


def _start(ids: list[int]) -> None:
    if len(ids) == 1:
        tasks.send_event_notification_email.delay_on_commit(ids[0])
    elif ids:
        tasks.start_event_mails.delay_on_commit(ids)


def _insert(
    people: QuerySet[Any],
    columns: tuple[str, str],
    kind: EventNotification.Kind,
    version: Combinable,
    reason: str,
    mail: EventMail | None = None,
) -> list[int]:
    """Make the rows that are not there yet, in one statement however many; give their ids.

    The columns say where the event and the person stand in a row of `people`.
    """
    mail_id = Cast(Value(mail and mail.pk), BigIntegerField())
    rows = people.values_list(
        *columns, Value(kind.value), version, Value(reason), mail_id, Now(), Value(0)
    )
    query, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO events_eventnotification"
            " (event_id, user_id, kind, version, reason, mail_id, created_at, attempts)"
            f" {query} ON CONFLICT DO NOTHING RETURNING id",
            parameters,
        )
        return [pk for (pk,) in cursor.fetchall()]


def send_notification(notification_id: int) -> None:
    """Mail it once, however often this runs, and only to whom it still concerns.

    The try is counted first and for itself, so that one that kills the worker counts too.
    The second update is the claim: a second run waits for it, then finds nothing to do;
    if the mail fails it is taken back.
    """
    waiting = EventNotification.objects.waiting().filter(pk=notification_id)
    if not waiting.filter(attempts__lt=MAX_ATTEMPTS).update(attempts=F("attempts") + 1):
        return
    with transaction.atomic():
        if waiting.update(sent_at=timezone.now()):
            _deliver(
                EventNotification.objects.select_related("event", "user").get(pk=notification_id)
            )


def _deliver(notification: EventNotification) -> None:
    """Send it, or take it back: who signs up again may be told again.

    What its reader switched off is marked as skipped; it neither waits nor comes later.
    """
    if not _is_wanted(notification):
        notification.delete()
    elif _is_switched_off(notification):
        notification.sent_at, notification.skipped_at = None, timezone.now()
        notification.save(update_fields=["sent_at", "skipped_at"])
    else:
        emails.send(notification)


def _is_switched_off(notification: EventNotification) -> bool:
    preference = emails.OPTIONAL.get(Kind(notification.kind))
    return preference is not None and not users.wants(notification.user, preference)


def _is_wanted(notification: EventNotification) -> bool:
    if not notification.user.is_active:
        return False
    if is_wanted := organizing.WANTED.get(Kind(notification.kind)):
        return is_wanted(notification)
    return _concerns_participant(notification)


def _concerns_participant(notification: EventNotification) -> bool:
    event, kind = notification.event, Kind(notification.kind)
    places = event.participants.annotate(sign_up=SIGN_UP)
    place = places.filter(user=notification.user).first()
    if not place or place.status not in CONCERNED[kind]:
        return False
    if kind in (Kind.CANCELLED, Kind.REMOVED, Kind.MESSAGE):
        return True
    if event.status != Event.Status.PUBLISHED or event.is_over:
        return False
    if kind in REMINDERS:
        nearest, farthest = REMINDERS[kind]
        return nearest < event.starts_at - timezone.now() <= farthest and not place.checked_in_at
    if kind in (Kind.NOT_NEEDED, Kind.RIDE_GONE):
        return True
    counts = {Kind.CHANGED: event.version, Kind.WAIVER: event.waiver_version}
    return notification.version == str(counts.get(kind, place.sign_up))


def remind() -> None:
    """Remind who has a seat, once 24 hours and once 2 hours before the start.

    Who signed up later than that needs no reminder, and who did not confirm the e-mail
    address gets no bulk mail.
    """
    now = timezone.now()
    for kind, (nearest, farthest) in REMINDERS.items():
        places = EventParticipant.objects.confirmed().filter(
            event__status=Event.Status.PUBLISHED,
            event__starts_at__gt=now + nearest,
            event__starts_at__lte=now + farthest,
            joined_at__lt=F("event__starts_at") - farthest,
            checked_in_at=None,
            user__is_active=True,
            user__email_confirmed_at__isnull=False,
        )
        announce(kind, places, version=_day_of("event__starts_at"))


def overdue_notifications() -> list[int]:
    """Give up on what failed too often; return the oldest of what else waits for too long."""
    waiting = EventNotification.objects.waiting()
    waiting.filter(attempts__gte=MAX_ATTEMPTS).update(failed_at=timezone.now())
    due = waiting.filter(overdue(attempts="attempts", since="created_at"))
    return list(due.order_by("created_at").values_list("pk", flat=True)[:SWEEP_SIZE])
