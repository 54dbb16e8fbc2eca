"""Who brings how many: never more than needed, and only who goes there."""

from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.core.management import call_command
from django.utils import timezone

from events import services, tasks
from events.models import EventNotification, EventResource, ResourcePledge
from tests.factories import EventFactory, ParticipantFactory, PledgeFactory, ResourceFactory
from tests.together import run_together

pytestmark = pytest.mark.django_db


def url(resource):
    return f"/api/v1/resources/{resource.pk}/pledge/"


def codes(response):
    return [(error["code"], error["attr"]) for error in response.json()["errors"]]


def ride_of(place, **fields):
    return services.offer_ride(place.event, place.user, {"name": "Carro", "needed": 3, **fields})


@pytest.fixture
def place(user):
    """The seat of `user`."""
    return ParticipantFactory(user=user)


@pytest.fixture
def resource(place):
    return ResourceFactory(event=place.event, needed=5)


def test_a_pledge_is_made_changed_and_taken_back(api, resource):
    answers = [api.post(url(resource), {"quantity": number}) for number in (2, 5, 5)]

    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert [answer.json()["pledged"] for answer in answers] == [2, 5, 5]
    assert answers[-1].json()["my_pledge"] == 5

    assert [api.delete(url(resource)).status_code for _ in range(2)] == [204, 204]
    resource.refresh_from_db()
    assert (resource.pledged, resource.pledges.count()) == (0, 0)


def test_no_more_is_pledged_than_is_needed(api, resource):
    PledgeFactory(resource=resource, quantity=3)

    response = api.post(url(resource), {"quantity": 3})

    assert (response.status_code, codes(response)) == (409, [("more_than_needed", "quantity")])
    assert "2" in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1001, 2**63, 10**30, "NaN", True, None, [1]])
def test_a_quantity_that_makes_no_sense_is_refused_by_name(api, resource, quantity):
    response = api.post(url(resource), {"quantity": quantity})

    assert response.status_code == 400
    assert [attr for _, attr in codes(response)] == ["quantity"]


@pytest.mark.parametrize("status", ["waitlisted", "left", "no_show"])
def test_a_pledge_takes_a_seat(client_of, resource, status):
    person = ParticipantFactory(event=resource.event, status=status).user

    response = client_of(person).post(url(resource), {"quantity": 1})

    assert (response.status_code, codes(response)) == (409, [("seat_required", None)])


def test_a_cancelled_event_takes_no_pledges(api, resource):
    services.cancel(resource.event, reason="Chuva")

    for response in (api.post(url(resource), {"quantity": 1}), api.delete(url(resource))):
        assert codes(response) == [("event_closed", None)]


def test_what_is_over_takes_no_pledges(api, resource):
    past = timezone.now() - timedelta(hours=5)
    type(resource.event).objects.update(starts_at=past, ends_at=past + timedelta(hours=1))

    assert codes(api.post(url(resource), {"quantity": 1})) == [("event_closed", None)]


def test_in_a_ride_each_takes_one_seat(api, place):
    ride = ride_of(ParticipantFactory(event=place.event))

    assert codes(api.post(url(ride), {"quantity": 2})) == [("one_seat_each", "quantity")]
    assert api.post(url(ride), {}).status_code == 201


def test_who_drives_takes_no_seat(api, place):
    ride = ride_of(place)

    assert codes(api.post(url(ride), {"quantity": 1})) == [("own_ride", None)]


def test_one_rides_in_one_car(api, place):
    first, second = (ride_of(ParticipantFactory(event=place.event)) for _ in range(2))
    api.post(url(first), {})

    assert codes(api.post(url(second), {})) == [("rides_already", None)]
    assert api.post(url(first), {}).status_code == 200
    api.delete(url(first))
    assert api.post(url(second), {}).status_code == 201


def test_a_seat_in_a_car_keeps_nobody_from_bringing_things(api, place, resource):
    api.post(url(ride_of(ParticipantFactory(event=place.event))), {})

    assert api.post(url(resource), {"quantity": 2}).status_code == 201


def test_who_was_missed_after_the_end_keeps_the_pledge(place, resource, mailoutbox):
    ride = ride_of(place)
    services.pledge(ride, ParticipantFactory(event=place.event).user, 1)
    services.pledge(resource, place.user, 2)
    past = timezone.now() - timedelta(hours=5)
    type(place.event).objects.update(starts_at=past, ends_at=past + timedelta(hours=1))

    services.mark_no_show(place.event, place)

    resource.refresh_from_db()
    assert (resource.pledged, ride.pledges.count()) == (2, 1)
    assert not EventNotification.objects.filter(kind="ride_gone").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_cars_at_once_one_takes_the_person():
    """Without the lock of the event, neither request would see the other's seat."""
    place = ParticipantFactory()
    rides = [ride_of(ParticipantFactory(event=place.event)) for _ in range(2)]

    def take(ride):
        with suppress(services.RidesAlready):
            services.pledge(ride, place.user, 1)

    run_together(*(partial(take, ride) for ride in rides))

    assert ResourcePledge.objects.filter(participant=place).count() == 1


def test_what_is_gone_is_not_found(resource, user):
    services.delete_resource(resource)
    resource.pk = 4711

    with pytest.raises(services.ResourceGone):
        services.pledge(resource, user, 1)


def leave(place):
    services.leave(place.event, place.user)


def remove(place):
    services.remove(place.event, place)


def miss(place):
    type(place.event).objects.update(starts_at=timezone.now() - timedelta(minutes=5))
    services.mark_no_show(place.event, place)


@pytest.mark.parametrize("go", [leave, remove, miss])
def test_who_gives_up_the_seat_brings_nothing_and_drives_nobody(place, resource, go):
    services.pledge(resource, place.user, 4)
    other = PledgeFactory(resource=resource)
    ride = ride_of(place)
    passenger = ParticipantFactory(event=place.event)
    services.pledge(ride, passenger.user, 1)

    go(place)

    resource.refresh_from_db()
    assert (list(resource.pledges.all()), resource.pledged) == ([other], 1)
    assert not EventResource.objects.filter(pk=ride.pk).exists()
    [told] = EventNotification.objects.filter(kind="ride_gone")
    assert (told.user, told.reason) == (passenger.user, "Carro")


def test_passengers_are_told_that_their_ride_is_gone(
    place, mailoutbox, django_capture_on_commit_callbacks
):
    ride = ride_of(place)
    passenger = ParticipantFactory(event=place.event).user
    services.pledge(ride, passenger, 1)

    with django_capture_on_commit_callbacks(execute=True):
        services.leave(place.event, place.user)

    [mail] = mailoutbox
    assert mail.to == [passenger.email]
    assert mail.subject.startswith("Sua carona")


def test_a_failure_while_leaving_releases_nothing(place, resource, monkeypatch):
    services.pledge(resource, place.user, 4)
    monkeypatch.setattr("events.services.seats.promote", lambda event: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        services.leave(place.event, place.user)

    resource.refresh_from_db()
    assert resource.pledged == 4


def test_who_was_on_the_waiting_list_has_nothing_to_release(db):
    place = ParticipantFactory(status="waitlisted")

    services.leave(place.event, place.user)

    place.refresh_from_db()
    assert place.status == "left"


def test_the_reminder_lists_what_one_brings(mailoutbox, django_capture_on_commit_callbacks):
    now = timezone.now()
    event = EventFactory(starts_at=now + timedelta(hours=23))
    known = {"event": event, "joined_at": now - timedelta(days=7)}
    place = ParticipantFactory(**known, user__email_confirmed_at=now)
    driver = ParticipantFactory(event=event, user__first_name="Davi")
    PledgeFactory(resource__event=event, resource__name="Enxada", participant=place, quantity=2)
    PledgeFactory(resource__event=event, resource__name="Balde")
    services.pledge(ride_of(driver, name="Do Tatuapé"), place.user, 1)
    ride_of(place, name="De Santana", needed=4)

    with django_capture_on_commit_callbacks(execute=True):
        tasks.send_bulk_event_reminders()

    [mail] = mailoutbox
    lines = [line for line in mail.body.splitlines() if line.startswith("- ")]
    assert lines == [
        "- seu carro (De Santana): 0 de 4 lugares ocupados",
        "- 2 × Enxada",
        "- você, no carro de Davi: Do Tatuapé",
    ]


def test_who_brings_nothing_is_reminded_as_before(mailoutbox, django_capture_on_commit_callbacks):
    now = timezone.now()
    ParticipantFactory(
        event__starts_at=now + timedelta(hours=23),
        joined_at=now - timedelta(days=7),
        user__email_confirmed_at=now,
    )

    with django_capture_on_commit_callbacks(execute=True):
        tasks.send_bulk_event_reminders()

    assert "Você leva" not in mailoutbox[0].body


def test_counters_are_rebuilt(resource, capsys):
    PledgeFactory(resource=resource, quantity=2)
    EventResource.objects.update(pledged=5)

    with pytest.raises(SystemExit):
        call_command("recount", "--check")
    call_command("recount")

    resource.refresh_from_db()
    assert resource.pledged == 2
    assert services.miscounted_resources() == []


def try_to_pledge(resource, user, quantity):
    with suppress(services.MoreThanNeeded, services.SeatRequired):
        services.pledge(resource, user, quantity)


@pytest.mark.django_db(transaction=True)
def test_the_last_ones_are_not_pledged_twice():
    event = EventFactory()
    resource = ResourceFactory(event=event, needed=4)
    people = [place.user for place in ParticipantFactory.create_batch(5, event=event)]

    run_together(*[partial(try_to_pledge, resource, person, 2) for person in people])

    resource.refresh_from_db()
    assert (resource.pledged, resource.pledges.count()) == (4, 2)


@pytest.mark.django_db(transaction=True)
def test_of_several_pledges_of_one_person_at_once_the_last_counts():
    for _ in range(5):
        place = ParticipantFactory()
        resource = ResourceFactory(event=place.event, needed=4)

        jobs = [partial(try_to_pledge, resource, place.user, number) for number in (1, 2, 3, 4)]
        run_together(*jobs)

        resource.refresh_from_db()
        assert resource.pledged == resource.pledges.get().quantity


@pytest.mark.django_db(transaction=True)
def test_who_is_just_leaving_pledges_nothing():
    for _ in range(5):
        place = ParticipantFactory()
        resource = ResourceFactory(event=place.event)

        run_together(partial(leave, place), partial(try_to_pledge, resource, place.user, 1))

        assert not ResourcePledge.objects.filter(participant=place).exists()
        resource.refresh_from_db()
        assert resource.pledged == 0
