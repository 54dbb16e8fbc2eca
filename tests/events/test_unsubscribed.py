"""Mails that their reader may switch off, and those that always come."""

import re
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from events import emails, services, tasks
from events.models import EventNotification
from tests.factories import EventFactory, ParticipantFactory, PhotoFactory, UserFactory
from users import services as users
from users.models import NotificationPreference

Kind = EventNotification.Kind
Preference = NotificationPreference.Kind
ALWAYS = set(Kind) - set(emails.OPTIONAL)
pytestmark = pytest.mark.django_db


def send(kind, mailoutbox):
    place = ParticipantFactory()
    emails.send(EventNotification(event=place.event, user=place.user, kind=kind))
    return mailoutbox[-1], place.user


def switch_off_all(user):
    users.change_wishes(user, {kind: {"email": False} for kind in Preference.values})


def test_what_one_need_not_come_for_always_comes():
    about_promises = {Kind.NOT_NEEDED, Kind.RIDE_GONE, Kind.WAIVER}
    must_act = {Kind.REPORT_RETURNED, *about_promises}

    assert {Kind.CANCELLED, Kind.REMOVED, Kind.PROMOTED} | must_act == ALWAYS


@pytest.mark.parametrize("kind", emails.OPTIONAL)
def test_a_mail_that_may_be_switched_off_says_how(mailoutbox, kind):
    mail, user = send(kind, mailoutbox)

    sent = message_from_bytes(mail.message().as_bytes(), policy=policy.default)
    address = re.fullmatch("<(http.+/account/unsubscribe/.+/)>", sent["List-Unsubscribe"].strip())
    assert address
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.body.endswith(f" {address[1]}")
    assert f'href="{address[1]}"' in mail.alternatives[0].content
    assert Client().post(address[1].removeprefix(settings.SITE_URL)).status_code == 200
    assert not users.wants(user, emails.OPTIONAL[kind])


@pytest.mark.parametrize("status", ["shown", "removed"])
def test_what_staff_decided_of_a_photo_may_be_switched_off(mailoutbox, status):
    photo = PhotoFactory(mail_due_at=timezone.now())
    if status == "removed":
        services.remove_photo(photo, by=UserFactory(), reason="Não.")

    services.mail_photo_decision(photo.pk)

    [mail] = mailoutbox
    address = mail.extra_headers["List-Unsubscribe"].strip("<>")
    assert mail.body.endswith(f" {address}")
    assert Client().post(address.removeprefix(settings.SITE_URL)).status_code == 200
    type(photo).objects.update(mail_due_at=timezone.now(), mail_attempts=0)
    services.mail_photo_decision(photo.pk)
    assert len(mailoutbox) == 1
    assert not type(photo).objects.get().mail_due_at


@pytest.mark.parametrize("kind", sorted(ALWAYS))
def test_the_others_do_not_promise_it(mailoutbox, kind):
    mail, _ = send(kind, mailoutbox)

    assert "List-Unsubscribe" not in mail.extra_headers
    assert "unsubscribe" not in mail.body + mail.alternatives[0].content


def test_the_wish_counts_at_the_moment_of_sending(user, mailoutbox):
    services.join(EventFactory(), user)
    users.change_wishes(user, {"event_changes": {"email": False}})
    row = EventNotification.objects.get()

    tasks.send_event_notification_email(row.pk)

    row.refresh_from_db()
    assert (row.sent_at, row.skipped_at is not None) == (None, True)
    assert not mailoutbox


def test_what_was_skipped_neither_waits_nor_comes_later(user, mailoutbox):
    services.join(EventFactory(), user)
    users.change_wishes(user, {"event_changes": {"email": False}})
    row = EventNotification.objects.get()
    services.send_notification(row.pk)
    EventNotification.objects.update(created_at=timezone.now() - timedelta(days=1))
    users.change_wishes(user, {"event_changes": {"email": True}})

    services.send_notification(row.pk)

    assert services.overdue_notifications() == []
    assert not EventNotification.objects.waiting().exists()
    assert not mailoutbox


def test_a_cancellation_comes_to_who_switched_everything_off(
    user, mailoutbox, django_capture_on_commit_callbacks
):
    event = ParticipantFactory(user=user).event
    switch_off_all(user)

    with django_capture_on_commit_callbacks(execute=True):
        services.cancel(event, reason="Chuva")

    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_a_reminder_is_another_kind_than_a_change(user, mailoutbox):
    users.change_wishes(user, {"reminders": {"email": False}})
    event = ParticipantFactory(user=user).event
    row = EventNotification.objects.create(event=event, user=user, kind="changed", version="1")

    services.send_notification(row.pk)

    assert len(mailoutbox) == 1


def test_a_mail_is_sent_or_skipped(user):
    both = {"sent_at": timezone.now(), "skipped_at": timezone.now()}

    with pytest.raises(IntegrityError), transaction.atomic():
        EventNotification.objects.create(event=EventFactory(), user=user, kind="joined", **both)
