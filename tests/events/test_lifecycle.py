from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from events import services, tasks, transitions
from events.models import Event, EventNotification
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users.models import Contribution


def past_event(**fields):
    """A published event that ended an hour ago."""
    return EventFactory(starts_at=timezone.now() - timedelta(hours=4), **fields)


def error(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def test_a_draft_is_published(api, user):
    event = EventFactory(organizer=user, status="draft")
    url = f"/api/v1/events/{event.pk}/publish/"

    first, again = api.post(url), api.post(url)

    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["status"] == again.json()["status"] == "published"


def test_a_draft_whose_start_has_passed_is_not_published(api, user):
    event = past_event(organizer=user, status="draft")

    response = api.post(f"/api/v1/events/{event.pk}/publish/")

    assert error(response) == (409, "starts_in_past", "starts_at")


@pytest.mark.parametrize("status", ["cancelled", "finished", "archived"])
@pytest.mark.parametrize("verb", ["publish", "cancel"])
def test_what_is_over_does_not_come_back(api, user, status, verb):
    event = EventFactory(organizer=user, status=status, cancel_reason="Chuva")

    response = api.post(f"/api/v1/events/{event.pk}/{verb}/", {"reason": "Outra"})

    event.refresh_from_db()
    if (verb, status) == ("cancel", "cancelled"):
        assert (response.status_code, event.cancel_reason) == (200, "Chuva")
    else:
        assert error(response) == (409, "wrong_status", None)
    assert event.status == status


def test_a_draft_is_not_cancelled(user):
    with pytest.raises(services.WrongStatus):
        services.cancel(EventFactory(status="draft"), reason="Chuva")


def test_cancelling_tells_everyone_with_a_place_why_and_once(
    api, user, mailoutbox, django_capture_on_commit_callbacks
):
    event = EventFactory(organizer=user)
    told = [
        ParticipantFactory(event=event).user.email,
        ParticipantFactory(event=event, status="waitlisted").user.email,
    ]
    ParticipantFactory(event=event, status="left")

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            response = api.post(
                f"/api/v1/events/{event.pk}/cancel/", {"reason": "Previsão de tempestade"}
            )

    assert response.status_code == 200
    assert response.json()["status"] == "cancelled"
    assert response.json()["cancel_reason"] == "Previsão de tempestade"
    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(told)
    assert all("Previsão de tempestade" in mail.body for mail in mailoutbox)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "required"),
        ({"reason": ""}, "blank"),
        ({"reason": " \n"}, "blank"),
        ({"reason": None}, "null"),
        ({"reason": ["x"]}, "invalid"),
        ({"reason": "x" * 501}, "max_length"),
    ],
)
def test_cancelling_needs_a_reason(api, user, body, code):
    event = EventFactory(organizer=user)

    response = api.post(f"/api/v1/events/{event.pk}/cancel/", body)

    event.refresh_from_db()
    assert error(response) == (400, code, "reason")
    assert event.status == "published"


@pytest.mark.parametrize("verb", ["publish", "cancel"])
def test_only_those_who_run_an_event_decide_about_it(anonymous, api, client_of, staff, verb):
    event = EventFactory()
    helper = UserFactory()
    event.co_organizers.add(helper)
    url, body = f"/api/v1/events/{event.pk}/{verb}/", {"reason": "Chuva"}

    assert anonymous.post(url, body).status_code == 401
    assert api.post(url, body).status_code == 403
    assert client_of(helper).post(url, body).status_code == 200
    assert client_of(staff).post(url, body).status_code == 200


def test_an_event_that_ended_is_not_cancelled(db):
    with pytest.raises(services.EventOver):
        services.cancel(past_event(), reason="Chuva")


def test_cancelling_under_way_counts_the_hours_of_who_is_there(db):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=2))
    ParticipantFactory(event=event, checked_in_at=timezone.now() - timedelta(hours=1))

    services.cancel(event, reason="Tempestade")

    assert Contribution.objects.get().amount == 1


def test_every_transition_is_declared_once_and_leads_on(db):
    pairs = [(one.source, one.target) for one in transitions.ALL]

    assert pairs == [
        ("draft", "published"),
        ("published", "cancelled"),
        ("published", "finished"),
        ("finished", "archived"),
    ]
    assert {target for _, target in pairs} | {"draft"} == set(Event.Status.values)


def test_the_night_closes_what_is_over(db):
    event = past_event(capacity=3)
    came = ParticipantFactory(event=event, checked_in_at=event.starts_at + timedelta(minutes=30))
    away = ParticipantFactory(event=event)
    waiting = ParticipantFactory(event=event, status="waitlisted")
    coming = EventFactory()

    tasks.cleanup_expired_events()

    for row in (event, came, away, waiting, coming):
        row.refresh_from_db()
    assert (event.status, coming.status) == ("finished", "published")
    assert [row.status for row in (came, away, waiting)] == ["confirmed", "no_show", "waitlisted"]
    assert (came.checked_out_at, came.checked_out_by) == (event.ends_at, None)
    assert event.seats_taken == 1
    line = Contribution.objects.get()
    assert (line.user, line.amount, line.happened_at) == (came.user, 2.5, event.starts_at)


def test_closing_twice_counts_once(db):
    event = past_event()
    ParticipantFactory(event=event, checked_in_at=event.starts_at)

    tasks.cleanup_expired_events()
    tasks.cleanup_expired_events()
    tasks.finish_event(event.pk)

    assert Contribution.objects.get().amount == 3


def test_hours_of_who_checked_out_are_not_counted_again(db):
    event = past_event()
    place = ParticipantFactory(event=event, checked_in_at=event.starts_at)
    services.check_out(event, place.user, by=event.organizer)

    tasks.cleanup_expired_events()

    assert Contribution.objects.count() == 1


def test_an_event_put_off_meanwhile_stays_open(db):
    event = EventFactory()

    tasks.finish_event(event.pk)

    event.refresh_from_db()
    assert event.status == "published"


def test_an_event_that_is_gone_is_not_closed(db):
    tasks.finish_event(4711)


def test_a_draft_that_nobody_published_stays_its_authors_own(db):
    event = past_event(status="draft")

    tasks.cleanup_expired_events()

    event.refresh_from_db()
    assert event.status == "draft"


def test_what_is_long_over_moves_to_the_archive_and_nothing_is_deleted(db):
    long_ago = timezone.now() - settings.EVENT_ARCHIVE_AFTER - timedelta(days=1)
    old = EventFactory(status="finished", starts_at=long_ago)
    recent = past_event(status="finished")
    cancelled = EventFactory(status="cancelled", cancel_reason="Chuva", starts_at=long_ago)
    ParticipantFactory(event=old)
    night = timezone.now()

    tasks.cleanup_expired_events()
    tasks.cleanup_expired_events()

    statuses = [Event.objects.get(pk=event.pk).status for event in (old, recent, cancelled)]
    assert statuses == ["archived", "finished", "cancelled"]
    assert Event.objects.get(pk=old.pk).updated_at > night > recent.updated_at
    assert old.participants.count() == 1


def test_closing_an_event_is_few_statements(django_assert_num_queries, db):
    event = past_event(capacity=20)
    ParticipantFactory.create_batch(10, event=event, checked_in_at=event.starts_at)
    ParticipantFactory.create_batch(10, event=event)

    # Savepoint, event, who is there, their check-out, their rows, the category, the ledger,
    # no-shows, the event, savepoint.
    with django_assert_num_queries(10):
        services.finish(event.pk)


@pytest.mark.django_db(transaction=True)
def test_closing_at_the_same_time_counts_once():
    event = past_event(capacity=20)
    ParticipantFactory.create_batch(5, event=event, checked_in_at=event.starts_at)
    ParticipantFactory.create_batch(5, event=event)

    run_together(*[tasks.cleanup_expired_events] * 3)

    event.refresh_from_db()
    hours = (event.ends_at - event.starts_at) / timedelta(hours=1)
    assert list(Contribution.objects.values_list("amount", flat=True)) == [hours] * 5
    assert event.seats_taken == event.participants.confirmed().count() == 5


@pytest.mark.django_db(transaction=True)
def test_who_joins_while_the_event_is_cancelled_is_told_or_refused():
    event = EventFactory(capacity=50)
    people = UserFactory.create_batch(8)
    refused = []

    def join(user):
        try:
            services.join(event, user)
        except services.EventClosed:
            refused.append(user.pk)

    run_together(
        *[lambda user=user: join(user) for user in people[:4]],
        lambda: services.cancel(event, reason="Chuva"),
        *[lambda user=user: join(user) for user in people[4:]],
    )

    told = set(EventNotification.objects.filter(kind="cancelled").values_list("user", flat=True))
    assert told == set(event.participants.values_list("user", flat=True))
    assert told | set(refused) == {user.pk for user in people}


@pytest.mark.django_db(transaction=True)
def test_a_check_out_while_the_event_is_closed_counts_once():
    event = past_event()
    place = ParticipantFactory(event=event, checked_in_at=event.starts_at)

    def check_out():
        with suppress(services.AlreadyCheckedOut):
            services.check_out(event, place.user, by=event.organizer)

    run_together(check_out, lambda: services.finish(event.pk))

    place.refresh_from_db()
    hours = (place.checked_out_at - place.checked_in_at) / timedelta(hours=1)
    assert float(Contribution.objects.get().amount) == round(hours, 2)
