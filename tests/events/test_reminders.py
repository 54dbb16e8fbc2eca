from datetime import timedelta

import pytest
from django.utils import timezone

from events import services, tasks
from events.models import EventNotification
from tests.factories import EventFactory, ParticipantFactory, PledgeFactory
from tests.together import run_together


def signed_up(
    *, hours, joined_days_ago=7, confirmed=True, event_status="published", has_come=False, **fields
):
    """Someone with a seat at an event that starts in so many hours."""
    now = timezone.now()
    event = EventFactory(
        starts_at=now + timedelta(hours=hours), status=event_status, cancel_reason="Chuva"
    )
    return ParticipantFactory(
        event=event,
        joined_at=now - timedelta(days=joined_days_ago),
        checked_in_at=now if has_come else None,
        user__email_confirmed_at=now if confirmed else None,
        **fields,
    )


def remind(capture):
    """What beat does every five minutes."""
    with capture(execute=True):
        tasks.send_bulk_event_reminders()


@pytest.mark.parametrize(
    ("hours", "subject"), [(23, "Está chegando"), (3, "Está chegando"), (1.5, "Começa em breve")]
)
def test_who_has_a_seat_is_reminded(
    db, mailoutbox, django_capture_on_commit_callbacks, hours, subject
):
    place = signed_up(hours=hours)

    remind(django_capture_on_commit_callbacks)

    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([place.user.email], f"{subject}: {place.event.title}")
    ]


@pytest.mark.parametrize("hours", [23, 1.5])
def test_a_reminder_lists_what_one_brings(
    db, mailoutbox, django_capture_on_commit_callbacks, hours
):
    place = signed_up(hours=hours)
    PledgeFactory(resource__event=place.event, resource__name="Luva", participant=place)
    services.offer_ride(place.event, place.user, {"name": "Carro", "needed": 3})

    remind(django_capture_on_commit_callbacks)

    [message] = mailoutbox
    assert "1 × Luva" in message.body
    assert "(Carro): 0 de 3" in message.body


def test_nobody_is_reminded_twice(db, mailoutbox, django_capture_on_commit_callbacks):
    signed_up(hours=23)
    signed_up(hours=1)

    for _ in range(3):
        remind(django_capture_on_commit_callbacks)

    assert len(mailoutbox) == 2


def test_who_was_reminded_a_day_before_is_reminded_again_two_hours_before(
    db, mailoutbox, django_capture_on_commit_callbacks, time_machine
):
    signed_up(hours=23)
    remind(django_capture_on_commit_callbacks)
    time_machine.move_to(timezone.now() + timedelta(hours=22))

    remind(django_capture_on_commit_callbacks)

    assert len(mailoutbox) == 2


@pytest.mark.parametrize(
    "facts",
    [
        {"hours": 25},
        {"hours": -1},
        {"hours": 23, "status": "waitlisted"},
        {"hours": 23, "status": "left"},
        {"hours": 23, "confirmed": False},
        {"hours": 23, "user__is_active": False},
        {"hours": 23, "event_status": "cancelled"},
        {"hours": 23, "event_status": "draft"},
        {"hours": 20, "joined_days_ago": 0},
        {"hours": 1, "joined_days_ago": 0},
        {"hours": 0.5, "has_come": True},
    ],
    ids=str,
)
def test_nobody_else_is_reminded(db, mailoutbox, django_capture_on_commit_callbacks, facts):
    signed_up(**facts)

    remind(django_capture_on_commit_callbacks)

    assert not mailoutbox
    assert not EventNotification.objects.exists()


def test_who_leaves_before_the_mail_goes_out_gets_none(db, mailoutbox):
    place = signed_up(hours=23)
    services.remind()
    services.leave(place.event, place.user)

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox


def test_who_left_and_came_back_is_reminded_of_the_new_seat(db, mailoutbox):
    place = signed_up(hours=40)
    services.leave(place.event, place.user)
    services.join(place.event, place.user)
    EventNotification.objects.all().delete()
    type(place.event).objects.update(starts_at=timezone.now() + timedelta(hours=1.5))
    type(place).objects.update(joined_at=timezone.now() - timedelta(hours=30))

    services.remind()

    assert EventNotification.objects.count() == 1


def test_a_reminder_that_came_too_late_is_not_sent(db, mailoutbox, time_machine):
    signed_up(hours=23)
    services.remind()
    time_machine.move_to(timezone.now() + timedelta(hours=22))

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox


def test_moved_within_its_day_an_event_reminds_once_and_to_another_day_again(db):
    noon = timezone.now().replace(hour=15, minute=0) + timedelta(days=2)
    place = signed_up(hours=0)
    event = place.event
    for starts_at in (noon, noon + timedelta(hours=2), noon + timedelta(days=1)):
        type(event).objects.update(starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(timezone, "now", lambda at=starts_at: at - timedelta(hours=5))
            services.remind()

    assert EventNotification.objects.filter(kind="day_before").count() == 2


def test_an_event_in_a_time_zone_that_the_database_does_not_know_holds_up_nobody(db):
    signed_up(hours=23)
    odd = signed_up(hours=23).event
    type(odd).objects.filter(pk=odd.pk).update(time_zone="Brand/New")

    services.remind()

    assert EventNotification.objects.count() == 2


def test_reminding_is_one_statement_for_each_kind(db, django_assert_num_queries):
    for _ in range(3):
        signed_up(hours=23)

    with django_assert_num_queries(2):
        services.remind()


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_remind_once(mailoutbox):
    for _ in range(5):
        signed_up(hours=23)

    run_together(*[tasks.send_bulk_event_reminders] * 3)

    assert len(mailoutbox) == 5
