from datetime import timedelta
from threading import Event as Signal

import pytest
from django.db import transaction
from django.utils import timezone

from events import services
from events.models import EventNotification
from events.services import seats
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import let_someone_wait, run_together


def standing(event):
    """The status of each participant, and what the event counts."""
    event.refresh_from_db()
    return dict(event.participants.values_list("user", "status")), event.seats_taken


def full_event(**fields):
    """An event with one seat, taken, and two who wait."""
    event = EventFactory(capacity=1, **fields)
    return event, [
        ParticipantFactory(event=event).user,
        ParticipantFactory(event=event, status="waitlisted").user,
        ParticipantFactory(event=event, status="waitlisted").user,
    ]


def test_leaving_gives_the_seat_to_the_next_in_line_and_tells_them(
    db, mailoutbox, django_capture_on_commit_callbacks
):
    event, (first, second, third) = full_event()

    with django_capture_on_commit_callbacks(execute=True):
        participant = services.leave(event, first)

    assert participant.status == "left"
    assert standing(event) == (
        {first.pk: "left", second.pk: "confirmed", third.pk: "waitlisted"},
        1,
    )
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([second.email], f"Abriu uma vaga para você: {event.title}")
    ]


def test_leaving_twice_gives_the_same_answer(api, user):
    event = ParticipantFactory(user=user).event

    first = api.post(f"/api/v1/events/{event.pk}/leave/")
    again = api.post(f"/api/v1/events/{event.pk}/leave/")

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert first.json()["status"] == "left"


def test_who_never_joined_cannot_leave(api):
    event = EventFactory()

    response = api.post(f"/api/v1/events/{event.pk}/leave/")

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "not_joined"


@pytest.mark.parametrize(
    "times",
    [
        {"leave_closes_at": timezone.now() - timedelta(minutes=1)},
        {"starts_at": timezone.now() - timedelta(minutes=1)},
    ],
    ids=["closed", "begun"],
)
def test_a_seat_cannot_be_given_back_too_late(user, times):
    event = ParticipantFactory(user=user, event=EventFactory(**times)).event

    with pytest.raises(services.LeavingClosed):
        services.leave(event, user)


def test_a_waiting_place_can_be_given_back_at_any_time(user):
    event = EventFactory(starts_at=timezone.now() - timedelta(minutes=1))
    ParticipantFactory(event=event, user=user, status="waitlisted")

    assert services.leave(event, user).status == "left"


def test_leaving_may_stay_open_during_the_event(user):
    now = timezone.now()
    event = EventFactory(
        starts_at=now - timedelta(minutes=1), leave_closes_at=now + timedelta(hours=1)
    )
    ParticipantFactory(event=event, user=user)

    assert services.leave(event, user).status == "left"


def test_who_was_noted_as_absent_neither_leaves_nor_is_removed(user):
    now = timezone.now()
    event = EventFactory(
        starts_at=now - timedelta(minutes=1), leave_closes_at=now + timedelta(hours=1)
    )
    place = ParticipantFactory(event=event, user=user, status="no_show")

    with pytest.raises(services.NotJoined):
        services.leave(event, user)
    with pytest.raises(services.NotJoined):
        services.remove(event, place)

    place.refresh_from_db()
    assert place.status == "no_show"


def test_who_has_come_cannot_leave(user):
    now = timezone.now()
    event = EventFactory(starts_at=now + timedelta(minutes=30))
    ParticipantFactory(event=event, user=user, checked_in_at=now)

    with pytest.raises(services.HasCome):
        services.leave(event, user)


@pytest.mark.parametrize("status", ["cancelled", "finished"])
def test_what_is_over_cannot_be_left(user, status):
    event = ParticipantFactory(user=user, event__status=status, event__cancel_reason="Chuva").event

    with pytest.raises(services.EventClosed):
        services.leave(event, user)


def test_from_the_start_on_nobody_is_promoted(db):
    now = timezone.now()
    event, (first, second, third) = full_event(
        starts_at=now - timedelta(minutes=1), leave_closes_at=now + timedelta(hours=1)
    )

    services.leave(event, first)

    assert standing(event) == (
        {first.pk: "left", second.pk: "waitlisted", third.pk: "waitlisted"},
        0,
    )


def test_promotion_frees_nobody_elses_place(user):
    """A waiting place counts as taken time, so it cannot clash when it becomes a seat."""
    event = EventFactory(capacity=1)
    holder = ParticipantFactory(event=event).user
    services.join(event, user)
    with pytest.raises(services.TimeClash):
        services.join(EventFactory(starts_at=event.starts_at), user)

    services.leave(event, holder)

    assert user.participations.get().status == "confirmed"


def test_an_organizer_removes_someone_and_says_why(
    db, client_of, mailoutbox, django_capture_on_commit_callbacks
):
    event, (first, second, _) = full_event()
    place = event.participants.get(user=first)

    with django_capture_on_commit_callbacks(execute=True):
        response = client_of(event.organizer).post(
            f"/api/v1/events/{event.pk}/participants/{place.pk}/remove/",
            {"reason": "Vaga reservada\npara a escola"},
        )

    assert response.status_code == 200
    assert response.json()["status"] == "left"
    bodies = {mail.to[0]: mail.body for mail in mailoutbox}
    assert "Vaga reservada para a escola" in bodies[first.email]
    assert bodies.keys() == {first.email, second.email}


def test_removing_twice_tells_once(db):
    event, (first, *_) = full_event()
    place = event.participants.get(user=first)

    services.remove(event, place)
    services.remove(event, place)

    assert EventNotification.objects.filter(kind="removed").count() == 1


def test_who_has_come_cannot_be_removed(db):
    place = ParticipantFactory(checked_in_at=timezone.now())

    with pytest.raises(services.HasCome):
        services.remove(place.event, place)


def test_only_those_who_run_an_event_remove_people(api, user, client_of, staff):
    event = EventFactory()
    helper = UserFactory()
    event.co_organizers.add(helper)
    mine, place = ParticipantFactory(user=user, event=event), ParticipantFactory(event=event)
    url = f"/api/v1/events/{event.pk}/participants"

    assert api.post(f"{url}/{place.pk}/remove/").status_code == 403
    assert api.post(f"{url}/{mine.pk}/remove/").status_code == 403
    assert client_of(helper).post(f"{url}/{place.pk}/remove/").status_code == 200
    assert client_of(staff).post(f"{url}/{mine.pk}/remove/").status_code == 200


def test_a_participant_of_another_event_does_not_exist_here(db, client_of):
    event, other = EventFactory(), ParticipantFactory()

    response = client_of(event.organizer).post(
        f"/api/v1/events/{event.pk}/participants/{other.pk}/remove/"
    )

    assert response.status_code == 404


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_seat_that_was_given_back_just_then():
    event = EventFactory(capacity=1)
    holder = ParticipantFactory(event=event).user
    newcomers = UserFactory.create_batch(4)

    run_together(
        lambda: services.leave(event, holder),
        *[lambda user=user: services.join(event, user) for user in newcomers],
    )

    statuses, seats_taken = standing(event)
    assert seats_taken == 1
    assert sorted(statuses.values()) == ["confirmed", "left"] + ["waitlisted"] * 3


@pytest.mark.django_db(transaction=True)
def test_many_who_leave_at_once_promote_each_waiting_person_once():
    event = EventFactory(capacity=4)
    holders = [ParticipantFactory(event=event).user for _ in range(4)]
    waiting = [ParticipantFactory(event=event, status="waitlisted").user for _ in range(2)]

    run_together(*[lambda user=user: services.leave(event, user) for user in holders])

    statuses, seats_taken = standing(event)
    assert [statuses[user.pk] for user in waiting] == ["confirmed"] * 2
    assert seats_taken == 2
    assert EventNotification.objects.filter(kind="promoted").count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_who_leaves_twice_at_once_promotes_one():
    event, (first, second, third) = full_event()

    run_together(*[lambda: services.leave(event, first)] * 5)

    assert standing(event) == (
        {first.pk: "left", second.pk: "confirmed", third.pk: "waitlisted"},
        1,
    )


@pytest.mark.django_db(transaction=True)
def test_promoting_someone_who_is_joining_just_then_does_not_deadlock():
    event, (first, second, _) = full_event()
    is_locked = Signal()

    def leave():
        with transaction.atomic():
            seats.lock(event)
            is_locked.set()
            let_someone_wait()
            services.leave(event, first)

    def join():
        is_locked.wait()
        services.join(event, second)

    run_together(leave, join)

    assert standing(event)[0][second.pk] == "confirmed"


@pytest.mark.django_db(transaction=True)
def test_many_who_join_and_leave_three_events_in_any_order_never_deadlock():
    """Each seat that is given back promotes somebody who is joining or leaving elsewhere."""
    starts = [timezone.now() + timedelta(days=day) for day in (3, 4, 5)]
    events = [EventFactory(capacity=1, starts_at=start) for start in starts]
    people = UserFactory.create_batch(6)

    def wander(user, turn):
        order = events[turn % 3 :] + events[: turn % 3]
        for event in order:
            services.join(event, user)
        for event in order:
            services.leave(event, user)
        services.join(order[0], user)

    run_together(*[lambda user=user, turn=n: wander(user, turn) for n, user in enumerate(people)])

    for event in events:
        event.refresh_from_db()
        assert event.seats_taken == event.participants.confirmed().count() == 1
        assert event.participants.active().count() == 2
