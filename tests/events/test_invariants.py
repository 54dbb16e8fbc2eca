"""Whatever people do, in whatever order: what must always be true of an event."""

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import DomainError
from events import services
from events.models import Event, EventNotification, EventParticipant
from tests.factories import EventFactory, UserFactory
from users import services as users
from users.models import Contribution


def place_of(event, user):
    return event.participants.get(user=user)


def move(event, minutes):
    """Move the event, and who came and went, instead of the clock."""
    event.refresh_from_db()
    way = timezone.now() + timedelta(minutes=minutes) - event.starts_at
    came_and_went = {name: F(name) + way for name in ("checked_in_at", "checked_out_at")}
    event.participants.update(**came_and_went)
    times = {name: F(name) + way for name in ("starts_at", "ends_at")}
    Event.objects.filter(pk=event.pk).update(**times)
    services.edit(event, {})  # seats that were free after the start go to who waits


def put_off(event, minutes):
    starts_at = timezone.now() + timedelta(minutes=minutes)
    services.edit(event, {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=2)})


def lengthen(event, hours):
    event.refresh_from_db()
    services.edit(event, {"ends_at": event.ends_at + timedelta(hours=hours)})


OF_A_PERSON = {
    "join": services.join,
    "leave": services.leave,
    "remove": lambda event, user: services.remove(event, place_of(event, user)),
    "check in": lambda event, user: services.check_in(event, user, by=event.organizer),
    "check in oneself": services.check_in_oneself,
    "check out": lambda event, user: services.check_out(event, user, by=event.organizer),
    "check out oneself": lambda event, user: services.check_out(event, user, by=user),
    "undo": lambda event, user: services.undo_check_in(event, place_of(event, user), reason="x"),
    "no-show": lambda event, user: services.mark_no_show(event, place_of(event, user)),
}
OF_THE_EVENT = {
    "capacity": (st.integers(1, 4), lambda event, n: services.edit(event, {"capacity": n})),
    "list": (st.booleans(), lambda event, on: services.edit(event, {"waitlist_enabled": on})),
    "starts in": (st.sampled_from([-300, -60, 30, 600]), move),
    "put off": (st.sampled_from([30, 600]), put_off),
    "lengthen": (st.sampled_from([1, 30]), lengthen),
    "cancel": (st.just("Chuva"), lambda event, why: services.cancel(event, reason=why)),
    "finish": (st.none(), lambda event, _: services.finish(event.pk)),
}
PEOPLE = 5
someone = st.integers(0, PEOPLE - 1)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["join", "leave"]), someone),
    st.tuples(st.sampled_from(list(OF_A_PERSON)), someone),
    st.one_of(st.tuples(st.just(name), values) for name, (values, _) in OF_THE_EVENT.items()),
)


def take(step, event, people):
    """Do one thing; what is refused changes nothing."""
    name, value = step
    with suppress(DomainError, EventParticipant.DoesNotExist):
        if name in OF_A_PERSON:
            OF_A_PERSON[name](event, people[value])
        else:
            OF_THE_EVENT[name][1](event, value)


def check(event):
    """Fail if something is true of the event that must never be."""
    event.refresh_from_db()
    places = list(event.participants.all())
    confirmed = [place for place in places if place.status == "confirmed"]
    waiting = list(event.participants.waitlisted())
    assert event.seats_taken == len(confirmed) <= event.capacity
    assert len({place.user_id for place in places}) == len(places)
    assert all(place.status == "confirmed" for place in places if place.checked_in_at)
    if event.status == "published" and not event.has_started:
        assert not waiting or event.seats_left == 0
    positions = event.participants.waitlisted().with_position().values_list("position", flat=True)
    assert list(positions) == list(range(1, len(waiting) + 1))


def check_times(event):
    """Nobody comes before check-in opens or after the end, and only organizers let people stay."""
    opens_at = event.starts_at - timedelta(hours=1)
    for place in event.participants.exclude(checked_in_at=None):
        assert opens_at <= place.checked_in_at <= event.ends_at
        if place.checked_out_at and place.checked_out_by_id != event.organizer_id:
            assert place.checked_out_at <= event.ends_at


def hours(place):
    return round(Decimal((place.checked_out_at - place.checked_in_at).total_seconds()) / 3600, 2)


def check_hours(event):
    """Each visit that ended counts once, for as long as it was; the totals say the same."""
    lines = Contribution.objects.filter(reverses=None, reversed_by=None)
    ended = event.participants.exclude(checked_out_at=None)
    counted = {place.contribution_source: min(hours(place), 24) for place in ended}
    assert dict(lines.values_list("source", "amount")) == counted
    assert users.recount() == 0


def line_of(event):
    return list(event.participants.waitlisted().values_list("user", flat=True))


def check_order(before, after, event):
    """Of those who waited, nobody overtakes: who got a seat stood before who still waits."""
    seated = set(event.participants.confirmed().values_list("user", flat=True))
    promoted = EventNotification.objects.filter(event=event, kind="promoted")
    called = [user for user in before if user in seated and promoted.filter(user=user).exists()]
    stayed = [user for user in before if user in after]
    assert [user for user in before if user in {*called, *stayed}] == [*called, *stayed]
    assert [user for user in after if user in stayed] == stayed


@pytest.mark.django_db
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=5, max_size=20))
def test_an_event_stays_consistent_whatever_happens(steps):
    with transaction.atomic():
        event = EventFactory(capacity=2)
        people = UserFactory.create_batch(PEOPLE)
        for user in people:
            services.join(event, user)

        for step in steps:
            before = line_of(event)
            take(step, event, people)
            check(event)
            check_times(event)
            if step[0] in ("leave", "remove", "capacity"):
                check_order(before, line_of(event), event)
        check_hours(event)

        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(max_examples=15, deadline=None)
@given(days=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=2, max_size=8))
def test_nobody_is_ever_at_two_events_at_once(days):
    with transaction.atomic():
        user = UserFactory()
        noon = timezone.now() + timedelta(days=1)
        for day, length in days:
            starts_at = noon + timedelta(days=day)
            event = EventFactory(starts_at=starts_at, ends_at=starts_at + timedelta(days=length))
            with suppress(services.TimeClash):
                services.join(event, user)

        mine = EventParticipant.objects.filter(user=user).order_by("event__starts_at")
        times = [(place.event.starts_at, place.event.ends_at) for place in mine]
        assert all(ends <= starts for (_, ends), (starts, _) in zip(times, times[1:], strict=False))

        transaction.set_rollback(True)
