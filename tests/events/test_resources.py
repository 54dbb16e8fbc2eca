"""What an event needs, and who may ask for it or offer a ride."""

from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError
from django.utils import timezone

from events import services
from events.models import EventNotification, EventResource
from tests.factories import EventFactory, ParticipantFactory, PledgeFactory, ResourceFactory
from tests.together import run_together

pytestmark = pytest.mark.django_db
HOES = {"name": "Enxada", "needed": 10}
LIFT = {"kind": "ride", "name": "Saindo do Tatuapé", "needed": 3}


def url(event):
    return f"/api/v1/events/{event.pk}/resources/"


def one(resource):
    return f"/api/v1/resources/{resource.pk}/"


def listed(client, event):
    response = client.get(url(event))
    assert response.status_code == 200, response.content
    return response.json()["results"]


@pytest.fixture
def event(user):
    return EventFactory(organizer=user)


def test_organizers_ask_for_what_is_needed(api, anonymous, event):
    response = api.post(url(event), HOES)

    assert response.status_code == 201
    [resource] = listed(anonymous, event)
    assert resource == {
        "id": EventResource.objects.get().pk,
        "event": event.pk,
        "kind": "item",
        "name": "Enxada",
        "description": "",
        "needed": 10,
        "pledged": 0,
        "offered_by": None,
        "offered_by_name": None,
        "my_pledge": None,
        "pledges": [],
    }


def test_co_organizers_may_ask_too(client_of, event, staff):
    helper = ParticipantFactory().user
    event.co_organizers.add(helper)

    assert client_of(helper).post(url(event), HOES).status_code == 201
    assert client_of(staff).post(url(event), HOES).status_code == 201


def test_participants_may_not_ask_for_things(client_of, event):
    person = ParticipantFactory(event=event).user

    assert client_of(person).post(url(event), HOES).status_code == 403


def test_who_has_a_seat_offers_one_ride(client_of, event):
    driver = ParticipantFactory(event=event, user__is_public=True).user

    first = client_of(driver).post(url(event), LIFT)
    second = client_of(driver).post(url(event), LIFT)

    assert (first.status_code, first.json()["offered_by_name"]) == (201, driver.name)
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, "ride_exists")


@pytest.mark.parametrize("status", ["waitlisted", "left"])
def test_a_ride_takes_a_seat_at_the_event(client_of, event, status):
    person = ParticipantFactory(event=event, status=status).user

    response = client_of(person).post(url(event), LIFT)

    assert (response.status_code, response.json()["errors"][0]["code"]) == (409, "seat_required")


@pytest.mark.parametrize("needed", [0, -1, 1.5, 1001, 10**30, "NaN", True, None])
def test_a_number_that_makes_no_sense_is_refused_by_name(api, event, needed):
    made = api.post(url(event), {**HOES, "needed": needed})
    changed = api.patch(one(ResourceFactory(event=event)), {"needed": needed})

    for response in (made, changed):
        assert response.status_code == 400
        assert [error["attr"] for error in response.json()["errors"]] == ["needed"]


def test_needs_are_changed(api, event):
    resource = ResourceFactory(event=event)

    response = api.patch(one(resource), {"needed": 12, "kind": "ride", "pledged": 3})

    assert response.status_code == 200
    assert (response.json()["needed"], response.json()["kind"]) == (12, "item")
    assert response.json()["pledged"] == 0


def test_no_less_is_needed_than_is_pledged(api, event):
    resource = PledgeFactory(resource__event=event, quantity=4).resource

    refused = api.patch(one(resource), {"needed": 3})
    allowed = api.patch(one(resource), {"needed": 4})

    [error] = refused.json()["errors"]
    assert (refused.status_code, error["code"], error["attr"]) == (
        409,
        "needed_below_pledged",
        "needed",
    )
    assert allowed.status_code == 200


def test_others_may_not_change_it(client_of, event):
    resource = ResourceFactory(event=event)
    person = client_of(ParticipantFactory(event=event).user)

    assert person.patch(one(resource), {"needed": 3}).status_code == 403
    assert person.delete(one(resource)).status_code == 403


def test_who_drives_changes_the_ride(client_of, event):
    driver = ParticipantFactory(event=event).user
    ride = services.offer_ride(event, driver, {"name": "Carro", "needed": 3})

    assert client_of(driver).patch(one(ride), {"needed": 2}).status_code == 200
    assert client_of(driver).delete(one(ride)).status_code == 204


def test_what_is_taken_off_is_told_to_who_pledged_it(
    api, event, mailoutbox, django_capture_on_commit_callbacks
):
    pledge = PledgeFactory(resource__event=event)

    with django_capture_on_commit_callbacks(execute=True):
        response = api.delete(one(pledge.resource))

    assert response.status_code == 204
    assert not event.resources.exists()
    [mail] = mailoutbox
    assert mail.to == [pledge.participant.user.email]
    assert pledge.resource.name in mail.body
    assert api.delete(one(pledge.resource)).status_code == 404


@pytest.mark.parametrize("status", ["cancelled", "finished", "archived"])
def test_a_closed_event_needs_nothing_more(api, event, status):
    resource = ResourceFactory(event=event)
    type(event).objects.update(status=status, cancel_reason="Chuva")

    for response in (
        api.post(url(event), HOES),
        api.patch(one(resource), {"needed": 3}),
        api.delete(one(resource)),
    ):
        assert response.json()["errors"][0]["code"] == "event_not_editable"


def test_the_needs_of_an_unseen_draft_do_not_exist(api):
    resource = ResourceFactory(event__status="draft")

    assert api.get(url(resource.event)).status_code == 404
    assert api.patch(one(resource), {"needed": 3}).status_code == 404


def test_who_brings_what_is_seen_by_those_who_go_there(api, anonymous, client_of, event):
    pledge = PledgeFactory(resource__event=event, quantity=2)
    person = pledge.participant.user
    stranger = ParticipantFactory().user

    [mine] = listed(client_of(person), event)

    assert mine["pledges"] == [
        {"participant": pledge.participant.pk, "name": person.first_name, "quantity": 2}
    ]
    assert mine["my_pledge"] == 2
    assert listed(api, event)[0]["pledges"] == mine["pledges"]
    for client in (anonymous, client_of(stranger)):
        [seen] = listed(client, event)
        assert (seen["pledged"], seen["pledges"], seen["my_pledge"]) == (2, [], None)


def test_the_name_of_a_driver_is_public_only_in_part(anonymous, event):
    driver = ParticipantFactory(event=event).user
    services.offer_ride(event, driver, {"name": "Carro", "needed": 3})

    assert listed(anonymous, event)[0]["offered_by_name"] == driver.first_name


def test_the_list_takes_as_many_queries_however_long(
    anonymous, client_of, event, django_assert_num_queries
):
    type(event).objects.update(capacity=100)
    event.refresh_from_db()
    for _ in range(5):
        pledge = PledgeFactory(resource__event=event)
        PledgeFactory.create_batch(3, resource=pledge.resource)

    with django_assert_num_queries(3):  # the event, their number, they
        listed(anonymous, event)
    with django_assert_num_queries(6):  # do they organize it, have they a seat, the pledges
        listed(client_of(pledge.participant.user), event)


def test_the_database_holds_no_more_pledged_than_needed():
    resource = ResourceFactory(needed=2)

    with pytest.raises(IntegrityError, match="event_resource_is_not_overpledged"):
        EventResource.objects.filter(pk=resource.pk).update(pledged=3)


@pytest.mark.django_db(transaction=True)
def test_needs_are_not_lowered_below_a_pledge_that_comes_at_the_same_moment():
    def lower(resource):
        with suppress(services.NeededBelowPledged):
            services.edit_resource(resource, {"needed": 1})

    def pledge(resource, user):
        with suppress(services.MoreThanNeeded):
            services.pledge(resource, user, 3)

    for _ in range(5):
        place = ParticipantFactory()
        resource = ResourceFactory(event=place.event, needed=4)

        run_together(partial(lower, resource), partial(pledge, resource, place.user))

        resource.refresh_from_db()
        assert (resource.needed, resource.pledged) in [(4, 3), (1, 0)]


@pytest.fixture
def short(user):
    """An event of a confirmed organizer that starts in two days, and lacks something."""
    type(user).objects.filter(pk=user.pk).update(email_confirmed_at=timezone.now())
    return event_in(hours=47, organizer=user)


def event_in(*, hours, **fields):
    now = timezone.now()
    event = EventFactory(
        starts_at=now + timedelta(hours=hours), created_at=now - timedelta(days=9), **fields
    )
    ResourceFactory(event=event, needed=3, name="Luva")
    return event


def warned():
    return sorted(
        EventNotification.objects.filter(kind="shortfall").values_list("user_id", flat=True)
    )


def test_organizers_are_warned_once_of_what_is_missing(
    short, user, mailoutbox, django_capture_on_commit_callbacks
):
    helper = ParticipantFactory(user__email_confirmed_at=timezone.now()).user
    short.co_organizers.add(helper)

    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            services.warn_of_shortfalls()

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted([user.email, helper.email])
    assert "Luva: faltam 3 de 3" in mailoutbox[0].body


@pytest.mark.parametrize("facts", [{"hours": 49}, {"hours": -1}, {"status": "draft"}], ids=str)
def test_nobody_is_warned_too_early_too_late_or_of_a_draft(user, facts):
    user.email_confirmed_at = timezone.now()
    user.save()
    event_in(**{"hours": 20, **facts}, organizer=user)

    services.warn_of_shortfalls()

    assert warned() == []


def test_nobody_is_warned_when_nothing_is_missing(short):
    short.resources.update(pledged=3)
    driver = ParticipantFactory(event=short).user
    services.offer_ride(short, driver, {"name": "Carro", "needed": 3})

    services.warn_of_shortfalls()

    assert warned() == []


def test_what_was_planned_at_the_last_moment_warns_nobody(short):
    type(short).objects.update(created_at=timezone.now())

    services.warn_of_shortfalls()

    assert warned() == []


def test_what_is_complete_by_then_is_not_sent(short, mailoutbox):
    services.warn_of_shortfalls()
    short.resources.update(pledged=3)

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox
    assert warned() == []


def test_put_off_to_another_day_an_event_warns_again(short):
    services.warn_of_shortfalls()
    EventNotification.objects.update(version="2020-01-01")

    for _ in range(2):
        services.warn_of_shortfalls()

    assert len(warned()) == 2


@pytest.mark.django_db(transaction=True)
def test_two_beats_at_once_warn_once(mailoutbox):
    event_in(hours=20, organizer=ParticipantFactory(user__email_confirmed_at=timezone.now()).user)

    run_together(*[services.warn_of_shortfalls] * 3)

    assert len(mailoutbox) == 1
