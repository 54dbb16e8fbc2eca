"""What becomes of events when one of their people has their data erased."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from threading import Event as ThreadEvent

import pytest
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from events import services
from events.models import CalendarFeed, Event, EventNotification, EventParticipant
from tests.factories import PASSWORD, EventFactory, ParticipantFactory, UserFactory
from tests.together import let_someone_wait, run_together
from users import services as users
from users.models import Contribution, ContributionTotal, User

pytestmark = pytest.mark.django_db


def status_of(place):
    return EventParticipant.objects.values_list("status", flat=True).get(pk=place.pk)


def hours():
    return ContributionTotal.objects.aggregate(total=Sum("amount"))["total"]


def test_seats_at_coming_events_go_to_who_waits(user):
    place = ParticipantFactory(user=user, event__capacity=1)
    waiting = ParticipantFactory(event=place.event, status="waitlisted")
    other = ParticipantFactory(user=user, status="waitlisted")
    # Too late to leave for everybody else.
    Event.objects.update(leave_closes_at=timezone.now() - timedelta(hours=1))

    users.erase(user)

    assert [status_of(one) for one in (place, waiting, other)] == ["left", "confirmed", "left"]
    event = Event.objects.get(pk=place.event.pk)
    assert event.seats_taken == 1
    assert EventNotification.objects.get(kind="promoted").user == waiting.user


def test_what_was_stays_with_its_hours(user):
    start = timezone.now() - timedelta(hours=5)
    event = EventFactory(starts_at=start)
    place = ParticipantFactory(event=event, user=user, checked_in_at=start)
    services.finish(event.pk)
    before = hours(), Contribution.objects.aggregate(Sum("amount"))

    users.erase(user)

    assert (hours(), Contribution.objects.aggregate(Sum("amount"))) == before
    assert before[0] == Decimal(3)
    assert status_of(place) == "confirmed"


def test_who_is_at_an_event_keeps_the_hours_of_it(user):
    start = timezone.now() - timedelta(hours=1)
    place = ParticipantFactory(event__starts_at=start, user=user, checked_in_at=start)

    users.erase(user)

    assert status_of(place) == "confirmed"


@pytest.mark.parametrize("status", ["published", "draft"])
def test_who_organizes_what_is_to_come_is_told_what_first(client_of, user, status):
    event = EventFactory(organizer=user, status=status)
    ParticipantFactory(user=user)

    response = client_of(user).delete("/api/v1/users/profile/", {"current_password": PASSWORD})

    [error] = response.json()["errors"]
    assert (response.status_code, error["code"]) == (409, "organizes_events")
    assert str(event) in error["detail"]
    user.refresh_from_db()
    assert user.is_active
    assert EventParticipant.objects.get().status == "confirmed"


def test_cancelled_and_past_events_hold_nobody_back(user):
    EventFactory(organizer=user, status="cancelled", cancel_reason="Chuva")
    EventFactory(organizer=user, starts_at=timezone.now() - timedelta(days=2), status="finished")

    users.erase(user)

    assert Event.objects.filter(organizer=user).count() == 2


def test_what_only_they_could_use_is_deleted(user):
    event = EventFactory()
    event.co_organizers.add(user)
    CalendarFeed.objects.create(user=user)
    EventNotification.objects.create(
        event=event, user=user, kind="removed", version="1", reason="Iracema bebeu"
    )

    users.erase(user)

    assert not event.co_organizers.exists()
    assert not CalendarFeed.objects.exists()
    assert not EventNotification.objects.exists()


def test_an_erased_person_joins_and_organizes_nothing(user):
    users.erase(user)

    with pytest.raises(users.AccountClosed):
        services.join(EventFactory(), user)
    with pytest.raises(users.AccountClosed):
        services.start_series(user, {}, rule="FREQ=WEEKLY;COUNT=3")
    assert not EventParticipant.objects.exists()


def run_overlapping(first, second):
    """Let the second begin once the first has done its work, and not committed it yet."""
    is_done = ThreadEvent()

    def hold():
        with transaction.atomic():
            first()
            is_done.set()
            let_someone_wait()

    def follow():
        assert is_done.wait(10)
        second()

    run_together(hold, follow)


@pytest.mark.parametrize("turn", [1, -1], ids=["join first", "erase first"])
@pytest.mark.django_db(transaction=True)
def test_joining_while_erased_leaves_no_seat(turn):
    user, event = UserFactory(), EventFactory()

    def join():
        with suppress(users.AccountClosed):
            services.join(event, user)

    run_overlapping(*[join, lambda: users.erase(user)][::turn])

    assert not EventParticipant.objects.active().exists()
    assert Event.objects.get().seats_taken == 0


@pytest.mark.parametrize("turn", [1, -1], ids=["organize first", "erase first"])
@pytest.mark.django_db(transaction=True)
def test_organizing_while_erased_leaves_no_event_of_nobody(turn):
    user, example = UserFactory(), EventFactory()
    names = ("title", "category", "city", "starts_at", "ends_at", "capacity")
    fields = {name: getattr(example, name) for name in names}

    def organize():
        with suppress(users.AccountClosed):
            services.create(user, fields)

    def erase():
        with suppress(Exception):
            users.erase(user)

    run_overlapping(*[organize, erase][::turn])

    is_erased = not User.objects.get(pk=user.pk).is_active
    assert is_erased != Event.objects.filter(organizer=user).exists()
