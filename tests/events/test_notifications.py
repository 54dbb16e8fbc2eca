from datetime import timedelta

import pytest
from celery.exceptions import Retry
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.patience import MAX_ATTEMPTS
from events import services, tasks
from events.models import EventNotification, EventParticipant
from events.services.notifications import SIGN_UP
from tests.factories import EventFactory, ParticipantFactory
from tests.together import run_together
from users.models import User


def sign_up_of(place):
    return EventParticipant.objects.values_list(SIGN_UP, flat=True).get(pk=place.pk)


def joined(place):
    """The mail about this sign-up, which nobody was asked to send yet."""
    return EventNotification.objects.create(
        event=place.event, user=place.user, kind="joined", version=sign_up_of(place)
    )


@pytest.fixture
def notification(db):
    """The mail about a seat, which was lost between commit and queue."""
    place = ParticipantFactory()
    return joined(place)


@pytest.fixture
def broken_mail(monkeypatch):
    """A mail server that refuses everything, until it is repaired."""

    def refuse(self, messages):
        raise OSError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(EmailBackend, "send_messages", refuse)
        yield patch


def age(notification, **time):
    created_at = timezone.now() - timedelta(**time)
    EventNotification.objects.filter(pk=notification.pk).update(created_at=created_at)


def test_a_mail_goes_out_once_however_often_its_task_runs(notification, mailoutbox):
    for _ in range(3):
        tasks.send_event_notification_email(notification.pk)

    notification.refresh_from_db()
    assert len(mailoutbox) == 1
    assert (notification.sent_at is not None, notification.attempts) == (True, 1)


def test_a_task_whose_row_is_gone_does_nothing(db, mailoutbox):
    tasks.send_event_notification_email(4711)

    assert not mailoutbox


def test_a_mail_that_fails_waits_and_is_sent_later(notification, broken_mail, mailoutbox):
    with pytest.raises(OSError, match="refused"):
        tasks.send_event_notification_email.run(notification.pk)
    notification.refresh_from_db()
    assert (notification.sent_at, notification.attempts) == (None, 1)

    broken_mail.undo()
    age(notification, minutes=6)
    tasks.retry_waiting_notifications()

    assert len(mailoutbox) == 1


def test_a_worker_tries_a_failed_mail_again(notification, broken_mail):
    with pytest.raises(Retry):
        tasks.send_event_notification_email.apply(args=[notification.pk], throw=True)


def test_after_five_failures_a_mail_is_given_up_and_seen_as_such(notification, broken_mail):
    for _ in range(6):
        with pytest.raises(OSError, match="refused"):
            services.send_notification(notification.pk)
        age(notification, days=1)
        if services.overdue_notifications() == []:
            break

    notification.refresh_from_db()
    assert notification.attempts == MAX_ATTEMPTS == 5
    assert notification.failed_at is not None


def test_a_mail_that_was_given_up_is_not_sent(notification, mailoutbox):
    EventNotification.objects.update(failed_at=timezone.now())

    services.send_notification(notification.pk)

    assert not mailoutbox


def test_a_mail_that_kills_its_worker_is_given_up_too(notification, monkeypatch):
    def die(notification):
        raise SystemExit

    monkeypatch.setattr("events.emails.send", die)

    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(SystemExit):
            services.send_notification(notification.pk)
    services.overdue_notifications()

    notification.refresh_from_db()
    assert notification.failed_at is not None


@pytest.mark.parametrize(
    ("attempts", "minutes", "is_due"),
    [(0, 0, False), (0, 2, True), (1, 4, False), (1, 6, True), (4, 200, False), (4, 250, True)],
)
def test_the_sweep_waits_longer_after_each_try(notification, attempts, minutes, is_due):
    EventNotification.objects.update(attempts=attempts)
    age(notification, minutes=minutes)

    assert services.overdue_notifications() == ([notification.pk] if is_due else [])


def test_the_sweep_leaves_alone_what_was_sent(notification, mailoutbox):
    services.send_notification(notification.pk)
    age(notification, days=1)

    tasks.retry_waiting_notifications()

    assert len(mailoutbox) == 1


def now_is(status):
    return lambda place: EventParticipant.objects.filter(pk=place.pk).update(status=status)


def deactivate(place):
    User.objects.filter(pk=place.user.pk).update(is_active=False)


def cancel(place):
    services.cancel(place.event, reason="Chuva")


@pytest.mark.parametrize(
    ("kind", "happens"),
    [
        ("joined", now_is("left")),
        ("waitlisted", now_is("confirmed")),
        ("promoted", now_is("left")),
        ("changed", now_is("left")),
        ("cancelled", now_is("left")),
        ("removed", now_is("confirmed")),
        ("joined", cancel),
        ("joined", deactivate),
    ],
)
def test_a_mail_that_came_too_late_is_not_sent(db, mailoutbox, kind, happens):
    place = ParticipantFactory()
    version = "1" if kind == "changed" else sign_up_of(place)
    row = EventNotification.objects.create(
        event=place.event, user=place.user, kind=kind, version=version
    )
    happens(place)

    services.send_notification(row.pk)

    assert not mailoutbox
    assert not EventNotification.objects.filter(pk=row.pk).exists()


def test_only_the_latest_sign_up_is_told(user, mailoutbox):
    event = EventFactory()
    for _ in range(3):
        services.join(event, user)
        services.leave(event, user)
    services.join(event, user)

    for row in EventNotification.objects.order_by("pk"):
        services.send_notification(row.pk)

    assert len(mailoutbox) == 1
    assert EventNotification.objects.get().sent_at


def test_only_the_latest_change_of_an_event_is_told(db, mailoutbox):
    place = ParticipantFactory(event__version=3)
    for version in "23":
        row = EventNotification.objects.create(
            event=place.event, user=place.user, kind="changed", version=version
        )
        services.send_notification(row.pk)

    assert len(mailoutbox) == 1


def test_many_mails_are_started_by_one_message(db, mailoutbox, django_capture_on_commit_callbacks):
    event = EventFactory(capacity=30)
    ParticipantFactory.create_batch(30, event=event)

    with django_capture_on_commit_callbacks(execute=True) as hooks:
        services.cancel(event, reason="Chuva")

    # One starts the mails, the others empty the caches.
    assert (len(mailoutbox), len(hooks)) == (30, 3)


@pytest.mark.django_db(transaction=True)
def test_a_request_succeeds_when_the_broker_is_away(user, client_of, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("connection refused")

    event = EventFactory()
    monkeypatch.setattr(tasks.send_event_notification_email, "apply_async", refuse)

    response = client_of(user).post(f"/api/v1/events/{event.pk}/join/")

    assert response.status_code == 201
    assert EventNotification.objects.waiting().count() == 1


@pytest.mark.django_db(transaction=True)
def test_four_deliveries_at_once_send_one_mail():
    place = ParticipantFactory()
    row = joined(place)
    mail.outbox = []

    run_together(*[lambda: services.send_notification(row.pk)] * 4)

    assert len(mail.outbox) == 1
