"""An event gets another organizer: somebody who is there and can be written to."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.utils import timezone

from config.errors import DomainError
from events import services
from events.models import Event, EventHistory
from tests.events.repeats import series_of
from tests.factories import EventFactory, UserFactory
from tests.together import run_together
from users import services as users

pytestmark = pytest.mark.django_db


def hand_over(client, event, organizer, **more):
    place = f"/api/v1/events/{event.pk}/hand-over/"
    return client.post(place, {"organizer": organizer, **more})


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def confirmed(**fields):
    return UserFactory(email_confirmed_at=timezone.now(), **fields)


@pytest.fixture
def event(user):
    return EventFactory(organizer=user)


def test_the_organizer_hands_an_event_over_and_runs_it_no_more(api, client_of, event):
    other = confirmed()

    response = hand_over(api, event, other.pk)

    assert (response.status_code, response.json()["organizer"]) == (200, other.pk)
    assert api.patch(f"/api/v1/events/{event.pk}/", {"title": "Meu"}).status_code == 403
    changed = client_of(other).patch(f"/api/v1/events/{event.pk}/", {"title": "Novo"})
    assert changed.status_code == 200


def test_a_co_organizer_who_gets_it_is_the_organizer_only(api, event):
    helper, other = confirmed(), UserFactory()
    event.co_organizers.add(helper, other)

    hand_over(api, event, helper.pk)

    assert list(event.co_organizers.all()) == [other]


def test_the_history_tells_who_gave_it_to_whom(api, user, event):
    other = confirmed()

    hand_over(api, event, other.pk)

    before, after = EventHistory.objects.filter(pgh_obj=event).order_by("pgh_id")
    assert (before.organizer, after.organizer) == (user, other)


def test_staff_hand_over_what_is_not_theirs(client_of, staff):
    event = EventFactory(organizer__is_active=False)
    other = confirmed()

    assert hand_over(client_of(staff), event, other.pk).json()["organizer"] == other.pk


def test_who_only_helps_gives_nothing_away(client_of, event):
    helper = confirmed()
    event.co_organizers.add(helper)

    assert hand_over(client_of(helper), event, helper.pk).status_code == 403


def test_who_gets_it_has_a_confirmed_address(api, user, event):
    response = hand_over(api, event, UserFactory().pk)

    assert refusal(response) == (409, "organizer_unconfirmed", "organizer")
    assert Event.objects.get().organizer == user


@pytest.mark.parametrize("organizer", [None, "x", 0, -1, 1.5, 2**63, 10**30, [1]])
def test_nonsense_is_refused_by_name(api, event, organizer):
    status, _code, attr = refusal(hand_over(api, event, organizer))

    assert (status, attr) == (400, "organizer")


def test_nobody_and_closed_accounts_get_nothing(api, event):
    for pk in (4711, confirmed(is_active=False).pk):
        assert refusal(hand_over(api, event, pk)) == (400, "unknown", "organizer")


def test_asked_again_it_is_done_already(event):
    other = confirmed()

    for _ in range(2):
        services.hand_over(event, other)

    assert Event.objects.get().organizer == other


def test_what_was_handed_over_meanwhile_stays_where_it_is(event):
    first, second = confirmed(), confirmed()
    seen = Event.objects.get()
    services.hand_over(event, first)

    with pytest.raises(services.HandedOver):
        services.hand_over(seen, second)

    assert Event.objects.get().organizer == first


def test_who_handed_everything_over_may_go(api, user, event):
    hand_over(api, event, confirmed().pk)

    assert (
        api.delete(
            "/api/v1/users/profile/", {"current_password": "correct horse battery staple"}
        ).status_code
        == 204
    )


def test_a_series_goes_along_with_what_is_to_come_and_is_made_later(api, user, time_machine):
    helper, other = confirmed(), confirmed()
    series = series_of(user, co_organizers=[helper])
    event, foreign, last = series.events.order_by("series_slot")
    services.hand_over(foreign, other)
    series.made_until = last.series_slot - timedelta(days=1)
    series.save()
    last.delete()

    response = hand_over(api, event, helper.pk, scope="all")
    services.extend_series(series.pk)

    organizers = series.events.order_by("series_slot").values_list("organizer", flat=True)
    assert (response.status_code, response.json()["organizer"]) == (200, helper.pk)
    assert list(organizers) == [helper.pk, other.pk, helper.pk]
    assert not series.events.filter(co_organizers=helper).exclude(organizer=other).exists()


def test_one_event_of_a_series_leaves_the_others(api, user):
    series = series_of(user)

    hand_over(api, series.events.first(), confirmed().pk)

    assert series.events.filter(organizer=user).count() == 2


def test_who_got_one_event_does_not_give_away_the_series(client_of, user):
    other = confirmed()
    series = series_of(user, co_organizers=[other])
    event = services.hand_over(series.events.first(), other)

    response = hand_over(client_of(other), event, UserFactory().pk, scope="all")

    assert response.status_code == 403


def test_what_is_no_series_is_given_alone(api, event):
    response = hand_over(api, event, confirmed().pk, scope="all")

    assert refusal(response) == (409, "not_in_series", None)


@pytest.mark.django_db(transaction=True)
def test_an_account_that_is_erased_just_then_organizes_nothing():
    """Without the lock of the person, both would find nothing in their way."""
    event, other = EventFactory(), confirmed()

    def attempt(do):
        with suppress(DomainError):
            do()

    run_together(
        lambda: attempt(lambda: services.hand_over(event, other)),
        lambda: attempt(lambda: users.erase(other)),
    )

    assert Event.objects.select_related("organizer").get().organizer.is_active
