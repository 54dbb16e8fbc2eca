from contextlib import nullcontext
from datetime import date, timedelta

import pytest
from django.utils import timezone

from events import services
from events.models import EventNotification, EventParticipant
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together


def places(event):
    """Who stands where: first those with seats, then the waiting list in its order."""
    event.refresh_from_db()
    return event.seats_taken, list(event.participants.waitlisted().values_list("user", flat=True))


def test_join_takes_a_seat_and_tells_by_mail(user, mailoutbox, django_capture_on_commit_callbacks):
    event = EventFactory(capacity=1)

    with django_capture_on_commit_callbacks(execute=True):
        participant, created = services.join(event, user)

    event.refresh_from_db()
    assert created
    assert (participant.status, event.seats_taken, event.seats_left) == ("confirmed", 1, 0)
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_joining_twice_gives_the_same_place(user):
    event = EventFactory()

    first, _ = services.join(event, user)
    again, created = services.join(event, user)

    assert (again.pk, created) == (first.pk, False)
    assert places(event) == (1, [])
    assert EventNotification.objects.count() == 1


def test_a_full_event_gives_a_place_on_the_waiting_list(
    user, mailoutbox, django_capture_on_commit_callbacks
):
    event = ParticipantFactory(event__capacity=1).event

    with django_capture_on_commit_callbacks(execute=True):
        participant, created = services.join(event, user)

    assert created
    assert participant.status == "waitlisted"
    assert places(event) == (1, [user.pk])
    assert "lista de espera" in mailoutbox[0].subject


def test_a_full_event_without_waiting_list_is_refused(user):
    event = ParticipantFactory(event__capacity=1, event__waitlist_enabled=False).event

    with pytest.raises(services.EventFull):
        services.join(event, user)

    assert places(event) == (1, [])


def test_who_left_comes_back_on_the_same_row_at_the_end_of_the_list(user):
    event = ParticipantFactory(event__capacity=1).event
    first, _ = services.join(event, user)
    other = ParticipantFactory(event=event, status="waitlisted").user
    services.leave(event, user)

    again, created = services.join(event, user)

    assert created
    assert (again.pk, again.ticket_code) == (first.pk, first.ticket_code)
    assert places(event) == (1, [other.pk, user.pk])


def test_a_new_one_stands_behind_those_who_wait_even_if_a_seat_is_free(user):
    event = EventFactory(capacity=2)
    waiting = ParticipantFactory(event=event, status="waitlisted").user

    participant, _ = services.join(event, user)

    assert participant.status == "waitlisted"
    assert places(event) == (0, [waiting.pk, user.pk])


def test_the_end_of_the_list_is_the_end_also_when_clocks_disagree(user):
    event = ParticipantFactory(event__capacity=1).event
    ahead = timezone.now() + timedelta(seconds=30)
    waiting = ParticipantFactory(event=event, status="waitlisted", joined_at=ahead).user

    services.join(event, user)

    assert places(event) == (1, [waiting.pk, user.pk])


def test_from_the_start_on_a_free_seat_goes_to_who_asks(user):
    now = timezone.now()
    event = EventFactory(starts_at=now - timedelta(hours=1), capacity=2)
    ParticipantFactory(event=event, status="waitlisted")

    participant, _ = services.join(event, user)

    assert participant.status == "confirmed"


def test_from_the_start_on_a_full_event_gives_no_place_to_wait_for(user):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=1), capacity=1)
    ParticipantFactory(event=event)

    with pytest.raises(services.EventFull):
        services.join(event, user)

    assert places(event) == (1, [])


@pytest.mark.parametrize(
    ("status", "minutes", "is_refused"),
    [("waitlisted", -5, False), ("waitlisted", 5, True), ("confirmed", -5, True)],
)
def test_who_waits_for_an_event_that_has_started_is_free_for_another(
    user, status, minutes, is_refused
):
    begun = timezone.now() + timedelta(minutes=minutes)
    ParticipantFactory(event=EventFactory(starts_at=begun), user=user, status=status)
    event = EventFactory(starts_at=timezone.now() + timedelta(hours=1))

    with pytest.raises(services.TimeClash) if is_refused else nullcontext():
        services.join(event, user)

    assert event.participants.exists() is not is_refused


@pytest.mark.parametrize("status", ["draft", "cancelled", "finished", "archived"])
def test_only_a_published_event_takes_people(user, status):
    event = EventFactory(status=status, cancel_reason="Chuva")

    with pytest.raises(services.EventClosed):
        services.join(event, user)


def test_an_event_that_is_over_takes_nobody(user):
    event = EventFactory(starts_at=timezone.now() - timedelta(days=1))

    with pytest.raises(services.EventClosed):
        services.join(event, user)


def test_closed_sign_up_is_refused(user):
    event = EventFactory(signup_closes_at=timezone.now() - timedelta(seconds=1))

    with pytest.raises(services.SignupClosed):
        services.join(event, user)


@pytest.mark.parametrize("status", ["confirmed", "waitlisted"])
@pytest.mark.parametrize("shift", [timedelta(0), timedelta(hours=2), timedelta(hours=-2)])
def test_an_event_at_the_time_of_another_one_is_refused(user, status, shift):
    mine = ParticipantFactory(user=user, status=status).event
    event = EventFactory(starts_at=mine.starts_at + shift)

    with pytest.raises(services.TimeClash):
        services.join(event, user)


@pytest.mark.parametrize("shift", [timedelta(hours=3), timedelta(hours=-3)])
def test_an_event_may_begin_when_another_one_ends(user, shift):
    mine = ParticipantFactory(user=user).event
    event = EventFactory(starts_at=mine.starts_at + shift)

    assert services.join(event, user)[1]


@pytest.mark.parametrize(
    ("status", "event_status"), [("left", "published"), ("confirmed", "cancelled")]
)
def test_what_one_left_or_what_is_called_off_takes_no_time(user, status, event_status):
    mine = ParticipantFactory(
        user=user, status=status, event__status=event_status, event__cancel_reason="Chuva"
    ).event
    event = EventFactory(starts_at=mine.starts_at)

    assert services.join(event, user)[1]


def test_age_counts_on_the_day_of_the_start_at_the_venue(user):
    # 22:30 on the 4th in São Paulo, and the 5th already in UTC.
    event = EventFactory(
        min_age=16,
        starts_at="2031-05-05T01:30:00Z",
        ends_at="2031-05-05T03:00:00Z",
    )
    event.refresh_from_db()
    user.birth_date = date(2015, 5, 5)
    user.save()

    with pytest.raises(services.TooYoung):
        services.join(event, user)

    user.birth_date = date(2015, 5, 4)
    user.save()
    assert services.join(event, user)[1]


def test_a_minimum_age_needs_a_birth_date(user, client_of):
    event = EventFactory(min_age=16)

    response = client_of(user).post(f"/api/v1/events/{event.pk}/join/")

    assert response.status_code == 409
    assert response.json()["errors"][0] == {
        "code": "birth_date_required",
        "detail": response.json()["errors"][0]["detail"],
        "attr": "birth_date",
    }


def test_join_answers_201_and_then_200_with_the_same_body(api, user):
    event = EventFactory(capacity=5)

    first = api.post(f"/api/v1/events/{event.pk}/join/")
    again = api.post(f"/api/v1/events/{event.pk}/join/")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() == {
        "id": EventParticipant.objects.get().pk,
        "event": event.pk,
        "user": user.pk,
        "name": user.name,
        "status": "confirmed",
        "position": None,
        "checked_in_at": None,
        "checked_out_at": None,
        "no_photos": False,
        "waiver_missing": False,
    }


def test_a_waiting_place_tells_its_position(api):
    event = ParticipantFactory(event__capacity=1).event
    ParticipantFactory(event=event, status="waitlisted")

    body = api.post(f"/api/v1/events/{event.pk}/join/").json()

    assert (body["status"], body["position"]) == ("waitlisted", 2)


def test_a_full_event_answers_409(api):
    event = ParticipantFactory(event__capacity=1, event__waitlist_enabled=False).event

    response = api.post(f"/api/v1/events/{event.pk}/join/")

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "event_full"


def test_somebody_elses_draft_does_not_exist(api):
    event = EventFactory(status="draft")

    assert api.post(f"/api/v1/events/{event.pk}/join/").status_code == 404
    assert api.post("/api/v1/events/999999999/join/").status_code == 404


def test_joining_needs_an_account(db, anonymous):
    event = EventFactory()

    assert anonymous.post(f"/api/v1/events/{event.pk}/join/").status_code == 401


def test_a_join_is_few_statements(user, django_assert_num_queries):
    event = EventFactory()

    # Savepoint, person, event, place, clash, line, place made, seat, mail, savepoint.
    with django_assert_num_queries(10):
        services.join(event, user)


@pytest.mark.django_db(transaction=True)
def test_the_last_seat_goes_to_one_person():
    event = EventFactory(capacity=1, waitlist_enabled=False)
    people = UserFactory.create_batch(6)
    refused = []

    def join(user):
        try:
            services.join(event, user)
        except services.EventFull:
            refused.append(user)

    run_together(*[lambda user=user: join(user) for user in people])

    event.refresh_from_db()
    assert (event.participants.confirmed().count(), event.seats_taken, len(refused)) == (1, 1, 5)


@pytest.mark.django_db(transaction=True)
def test_one_person_cannot_join_two_events_at_the_same_time():
    user = UserFactory()
    events = EventFactory.create_batch(6)
    refused = []

    def join(event):
        try:
            services.join(event, user)
        except services.TimeClash:
            refused.append(event)

    run_together(*[lambda event=event: join(event) for event in events])

    assert (user.participations.active().count(), len(refused)) == (1, 5)


@pytest.mark.django_db(transaction=True)
def test_the_same_person_many_times_at_once_gets_one_seat():
    user, event = UserFactory(), EventFactory()

    run_together(*[lambda: services.join(event, user)] * 6)

    event.refresh_from_db()
    assert (event.participants.count(), event.seats_taken) == (1, 1)
