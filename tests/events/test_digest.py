"""The weekly mail of what goes on near a person: each event once, and only if it is wanted."""

from datetime import date, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from events import services, tasks
from events.models import Digest, Event, ToldEvent
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users import services as users
from users.models import User

THURSDAY = date(2026, 11, 26)
RECIFE = {"latitude": -8.05, "longitude": -34.88}
pytestmark = pytest.mark.django_db


def reader(**fields):
    return UserFactory(
        **{**RECIFE, "travel_radius_km": 20, "email_confirmed_at": timezone.now(), **fields}
    )


@pytest.fixture
def begin(django_capture_on_commit_callbacks):
    def run(day=THURSDAY):
        with django_capture_on_commit_callbacks(execute=True):
            services.begin_digests(day)

    return run


def near(**fields):
    return EventFactory(**{**RECIFE, **fields})


def test_events_within_the_radius_are_told_nearest_first(begin, mailoutbox):
    person = reader()
    far, here = near(title="Longe", latitude=-8.15), near(title="Aqui")
    near(title="Fora", latitude=-9.5)

    begin()

    [mail] = mailoutbox
    assert mail.to == [person.email]
    assert mail.subject == "Perto de você: 2 eventos"
    assert mail.body.index("Aqui") < mail.body.index("Longe")
    assert "Fora" not in mail.body
    assert "List-Unsubscribe" in mail.extra_headers
    assert set(ToldEvent.objects.values_list("event", flat=True)) == {far.pk, here.pk}


def test_an_event_is_told_once(begin, mailoutbox):
    reader()
    near()
    begin()
    near(title="Novo")

    begin()
    begin(THURSDAY + timedelta(days=7))
    begin(THURSDAY + timedelta(days=14))

    assert [mail.subject for mail in mailoutbox] == ["Perto de você: 1 evento"] * 2
    assert "Novo" in mailoutbox[1].body
    assert Digest.objects.filter(skipped_at__isnull=False).count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"latitude": None, "longitude": None},
        {"travel_radius_km": 0},
        {"email_confirmed_at": None},
        {"is_active": False},
    ],
)
def test_who_cannot_get_one_gets_none(begin, mailoutbox, fields):
    reader(**fields)
    near()

    begin()

    assert (len(mailoutbox), Digest.objects.count()) == (0, 0)


def test_who_switched_it_off_meanwhile_is_skipped(mailoutbox):
    person = reader()
    near()
    services.begin_digests(THURSDAY)
    users.change_wishes(person, {"digest": {"email": False}})

    tasks.send_event_digest(Digest.objects.get().pk)

    assert Digest.objects.get().skipped_at
    assert not mailoutbox
    assert not ToldEvent.objects.exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda person: near(organizer=person),
        lambda person: ParticipantFactory(event=near(), user=person),
        lambda person: near().co_organizers.add(person),
        lambda person: near(signup_closes_at=timezone.now() - timedelta(hours=1)),
        lambda person: near(capacity=1, seats_taken=1, waitlist_enabled=False),
        lambda person: near(min_age=18),
        lambda person: near(status="draft"),
        lambda person: near(starts_at=timezone.now() + timedelta(days=40)),
        lambda person: near(starts_at=timezone.now() - timedelta(hours=1)),
    ],
)
def test_what_is_no_news_is_not_told(begin, mailoutbox, make):
    make(reader(birth_date=date.today() - timedelta(days=365 * 16)))

    begin()

    assert not mailoutbox


@pytest.mark.parametrize(
    "fields",
    [
        {"capacity": 1, "seats_taken": 1},
        {"signup_closes_at": timezone.now() + timedelta(days=365)},
        {"min_age": 14},
    ],
    ids=["full, but one may wait", "sign-up is open", "old enough"],
)
def test_what_one_may_still_join_is_told(begin, mailoutbox, fields):
    reader(birth_date=date.today() - timedelta(days=365 * 16))
    near(**fields)

    begin()

    assert len(mailoutbox) == 1


def test_who_did_not_tell_their_age_is_told(begin, mailoutbox):
    reader()
    near(min_age=18)

    begin()

    assert len(mailoutbox) == 1


def test_what_one_may_not_join_takes_no_place_in_the_mail(begin, mailoutbox, monkeypatch):
    monkeypatch.setattr("events.services.digests.MOST", 1)
    reader(birth_date=date.today() - timedelta(days=365 * 16))
    near(min_age=18)
    near(title="Longe", latitude=-8.1)

    begin()

    assert "Longe" in mailoutbox[0].body


def test_a_mail_that_fails_tells_nothing_and_is_tried_again(begin, mailoutbox, monkeypatch):
    reader()
    near()
    monkeypatch.setattr("events.emails.digest", lambda user, events: 1 / 0)
    services.begin_digests(THURSDAY)
    digest = Digest.objects.get()
    with pytest.raises(ZeroDivisionError):
        services.send_digest(digest.pk)
    assert not ToldEvent.objects.exists()
    monkeypatch.undo()
    Digest.objects.update(created_at=timezone.now() - timedelta(minutes=6))

    tasks.retry_waiting_digests()

    assert len(mailoutbox) == 1


def test_it_is_given_up_after_five_tries():
    reader()
    services.begin_digests(THURSDAY)
    Digest.objects.update(attempts=5)

    assert services.overdue_digests() == []
    assert Digest.objects.get().failed_at


@pytest.mark.django_db(transaction=True)
def test_two_weeks_at_once_tell_no_event_twice(mailoutbox):
    """Without a unique row for each, both would find it new."""
    person = reader()
    near()
    weeks = [Digest.objects.create(user=person, week=THURSDAY + timedelta(weeks=n)) for n in (0, 1)]

    run_together(*(lambda pk=one.pk: services.send_digest(pk) for one in weeks))

    assert len(mailoutbox) == 1
    assert ToldEvent.objects.count() == 1


def test_a_thousand_readers_take_few_statements(django_assert_num_queries):
    for number in range(20):
        reader(email=f"p{number}@example.org")

    with django_assert_num_queries(3):  # who reads, their rows, which of them wait
        services.begin_digests(THURSDAY)

    assert Digest.objects.count() == 20
    assert not Event.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_while_the_mail_goes_out_nobody_waits_for_the_person(monkeypatch):
    person = reader()
    near()
    digest = Digest.objects.create(user=person, week=THURSDAY)

    def lock_the_person():
        with transaction.atomic():
            User.objects.select_for_update(no_key=True, nowait=True).get(pk=person.pk)

    monkeypatch.setattr("events.emails.digest", lambda *_: run_together(lock_the_person))

    services.send_digest(digest.pk)

    digest.refresh_from_db()
    assert digest.sent_at
