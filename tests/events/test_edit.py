from contextlib import suppress
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from events import services
from events.models import Event, EventNotification, known_time_zones
from events.services import seats
from tests.factories import CategoryFactory, EventFactory, ParticipantFactory, UserFactory
from tests.together import let_someone_wait, run_together


@pytest.fixture
def fields(db):
    """What a client sends to create an event."""
    starts_at = timezone.now().replace(microsecond=0) + timedelta(days=30)
    return {
        "title": "Mutirão na praia",
        "category": CategoryFactory().pk,
        "city": "Florianópolis",
        "starts_at": starts_at.isoformat(),
        "ends_at": (starts_at + timedelta(hours=3)).isoformat(),
        "capacity": 20,
    }


def error(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def test_a_created_event_is_published_at_once(api, user, fields):
    response = api.post("/api/v1/events/", fields)

    event = Event.objects.get()
    assert response.status_code == 201
    assert response["Location"].endswith(f"/api/v1/events/{event.pk}/")
    assert (event.status, event.organizer) == ("published", user)
    assert response.json() == {
        "id": event.pk,
        "title": "Mutirão na praia",
        "description": "",
        "category": fields["category"],
        "organizer": user.pk,
        "co_organizers": [],
        "address": "",
        "city": "Florianópolis",
        "latitude": None,
        "longitude": None,
        "starts_at": event.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ends_at": event.ends_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "time_zone": "America/Sao_Paulo",
        "capacity": 20,
        "seats_left": 20,
        "waitlist_enabled": True,
        "signup_closes_at": None,
        "leave_closes_at": None,
        "min_age": None,
        "status": "published",
        "cancel_reason": "",
        "series": None,
        "waiver_version": None,
    }


def test_an_event_may_be_created_as_a_draft(api, fields):
    response = api.post("/api/v1/events/", {**fields, "status": "draft"})

    assert (response.status_code, response.json()["status"]) == (201, "draft")


def test_creating_needs_an_account(anonymous, fields):
    assert anonymous.post("/api/v1/events/", fields).status_code == 401
    assert not Event.objects.exists()


def test_the_organizer_is_who_creates_it(api, user, fields):
    other = UserFactory()

    response = api.post("/api/v1/events/", {**fields, "organizer": other.pk, "id": 1, "x": 2})

    assert (response.status_code, response.json()["organizer"]) == (201, user.pk)


def test_co_organizers_are_given_by_id(api, fields):
    people = UserFactory.create_batch(2)
    ids = [person.pk for person in people]

    response = api.post("/api/v1/events/", {**fields, "co_organizers": ids[::-1]})

    assert (response.status_code, response.json()["co_organizers"]) == (201, ids)


def test_an_event_is_created_once_for_one_idempotency_key(api, fields):
    headers = {"Idempotency-Key": "abc"}

    first = api.post("/api/v1/events/", fields, headers=headers)
    again = api.post("/api/v1/events/", fields, headers=headers)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Event.objects.count() == 1


@pytest.mark.parametrize(
    ("attr", "value"),
    [
        ("title", ""),
        ("title", "   "),
        ("title", "x" * 201),
        ("title", "nul \x00"),
        ("title", ["a"]),
        ("title", None),
        ("description", "x" * 10_001),
        ("category", 10**18),
        ("category", 1e30),
        ("category", "x"),
        ("city", None),
        ("latitude", "NaN"),
        ("latitude", "Infinity"),
        ("latitude", 90.5),
        ("latitude", {}),
        ("longitude", -180.1),
        ("starts_at", "tomorrow"),
        ("starts_at", "2027-05-03T09:00:00"),
        ("starts_at", "1999-05-03T09:00:00Z"),
        ("starts_at", "9999-12-31T23:59:59-12:00"),
        ("ends_at", "2101-01-01T00:00:00Z"),
        ("ends_at", "2020-01-01T00:00:00Z"),
        ("time_zone", "America/Nowhere"),
        ("time_zone", "../../etc/passwd"),
        ("time_zone", "localtime"),
        ("time_zone", "Factory"),
        ("capacity", 0),
        ("capacity", -1),
        ("capacity", 1e30),
        ("capacity", "many"),
        ("capacity", 2.5),
        ("capacity", 100_001),
        ("capacity", True),
        ("waitlist_enabled", "perhaps"),
        ("signup_closes_at", 5),
        ("min_age", -1),
        ("min_age", 121),
        ("status", "cancelled"),
        ("status", "archived"),
        ("co_organizers", [10**17]),
        ("co_organizers", [1e30]),
        ("co_organizers", ["x"]),
        ("co_organizers", "x"),
        ("co_organizers", list(range(1, 12))),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(api, fields, attr, value):
    place = {"latitude": -27.6, "longitude": -48.4}

    response = api.post("/api/v1/events/", {**fields, **place, attr: value})

    [found] = response.json()["errors"]
    assert (response.status_code, found["attr"].split(".")[0]) == (400, attr)
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("given", "missing"), [("latitude", "longitude"), ("longitude", "latitude")]
)
def test_half_a_place_is_refused(api, fields, given, missing):
    response = api.post("/api/v1/events/", {**fields, given: -27.6})

    assert error(response) == (400, "incomplete_place", missing)


@pytest.mark.parametrize("body", ["[]", "5", '"x"', "{", "", "null", '{"latitude": NaN}'])
def test_what_is_no_object_is_refused(api, body):
    response = api.post("/api/v1/events/", body, content_type="application/json")

    assert response.status_code == 400
    assert not Event.objects.exists()


def test_the_database_knows_every_time_zone_that_is_accepted(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(timezone(name, now())) FROM unnest(%s::text[]) name",
            [[*known_time_zones()]],
        )
        [number] = cursor.fetchone()

    assert number == len(known_time_zones()) > 500


def test_an_event_in_the_past_is_refused(api, fields):
    past = {**fields, "starts_at": "2020-01-01T09:00:00Z", "ends_at": "2020-01-01T10:00:00Z"}

    response = api.post("/api/v1/events/", past)

    assert error(response) == (409, "starts_in_past", "starts_at")
    assert not Event.objects.exists()


def test_an_unused_category_is_refused_but_may_stay(api, user, fields):
    old = CategoryFactory(is_active=False)
    event = EventFactory(organizer=user, category=old)

    created = api.post("/api/v1/events/", {**fields, "category": old.pk})
    edited = api.patch(f"/api/v1/events/{event.pk}/", {"category": old.pk, "title": "Novo"})

    assert error(created) == (400, "inactive", "category")
    assert edited.status_code == 200


def test_an_organizer_changes_an_event_in_part_or_whole(api, user, fields):
    event = EventFactory(organizer=user)

    part = api.patch(f"/api/v1/events/{event.pk}/", {"title": "Outro", "status": "cancelled"})
    whole = api.put(f"/api/v1/events/{event.pk}/", fields)

    assert (part.status_code, part.json()["title"], part.json()["status"]) == (
        200,
        "Outro",
        "published",
    )
    assert (whole.status_code, whole.json()["title"]) == (200, fields["title"])


def test_put_needs_all_that_an_event_needs(api, user):
    event = EventFactory(organizer=user)

    response = api.put(f"/api/v1/events/{event.pk}/", {"title": "Só isto"})

    named = {found["attr"] for found in response.json()["errors"]}
    assert response.status_code == 400
    assert named == {"category", "city", "starts_at", "ends_at", "capacity"}


@pytest.mark.parametrize(
    ("who", "code"),
    [("anonymous", 401), ("user", 403), ("organizer", 200), ("helper", 200), ("staff", 200)],
)
def test_only_those_who_run_an_event_change_it(client_of, anonymous, user, staff, who, code):
    event = EventFactory()
    helper = UserFactory()
    event.co_organizers.add(helper)
    people = {"user": user, "organizer": event.organizer, "helper": helper, "staff": staff}
    client = client_of(people[who]) if who in people else anonymous

    response = client.patch(f"/api/v1/events/{event.pk}/", {"title": "Mudado"})

    event.refresh_from_db()
    assert response.status_code == code
    assert (event.title == "Mudado") == (code == 200)


def test_somebody_elses_draft_cannot_even_be_seen(api):
    event = EventFactory(status="draft")
    url = f"/api/v1/events/{event.pk}/"

    codes = [api.patch(url, {}).status_code, api.delete(url).status_code]
    codes += [api.post(f"{url}{verb}/", {}).status_code for verb in ("publish", "cancel")]

    assert codes == [404] * 4


@pytest.mark.parametrize("status", ["cancelled", "finished", "archived"])
def test_what_is_over_stays_as_it_was(user, api, status):
    event = EventFactory(organizer=user, status=status, cancel_reason="Chuva")

    response = api.patch(f"/api/v1/events/{event.pk}/", {"title": "Mudado"})

    assert error(response) == (409, "event_not_editable", None)


def test_a_published_event_that_ended_stays_as_it_was(user):
    event = EventFactory(starts_at=timezone.now() - timedelta(days=1))

    with pytest.raises(services.EventNotEditable):
        services.edit(event, {"title": "Mudado"})


def test_the_end_is_checked_against_the_start_that_stays(api, user):
    event = EventFactory(organizer=user)

    response = api.patch(f"/api/v1/events/{event.pk}/", {"ends_at": event.starts_at.isoformat()})

    assert error(response) == (400, "ends_too_early", "ends_at")


def test_an_event_cannot_be_moved_into_the_past(db):
    event = EventFactory()

    with pytest.raises(services.StartsInPast):
        services.edit(event, {"starts_at": timezone.now() - timedelta(hours=1)})


def test_an_event_under_way_may_end_later(db):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=1))

    services.edit(event, {"ends_at": event.ends_at + timedelta(hours=1)})

    event.refresh_from_db()
    assert event.ends_at - event.starts_at == timedelta(hours=4)


def test_an_event_that_people_have_come_to_cannot_be_moved(api, user):
    event = EventFactory(organizer=user, starts_at=timezone.now() - timedelta(hours=1))
    ParticipantFactory(event=event, checked_in_at=timezone.now())
    starts_at = timezone.now() + timedelta(minutes=5)
    times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=24)}

    response = api.patch(f"/api/v1/events/{event.pk}/", times)

    assert error(response) == (409, "people_have_come", "starts_at")


def test_an_event_that_nobody_has_come_to_may_still_be_put_off(db):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=1))
    ParticipantFactory(event=event)
    starts_at = timezone.now() + timedelta(days=1)

    event = services.edit(
        event, {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=3)}
    )

    assert event.starts_at == starts_at


def test_an_end_cannot_be_moved_into_the_past(api, user):
    event = EventFactory(organizer=user, starts_at=timezone.now() - timedelta(hours=2))
    ended = timezone.now() - timedelta(hours=1)

    response = api.patch(f"/api/v1/events/{event.pk}/", {"ends_at": ended})

    assert error(response) == (409, "ends_in_past", "ends_at")


def test_an_event_that_people_have_come_to_may_end_earlier_or_later(db):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=1))
    ParticipantFactory(event=event, checked_in_at=timezone.now())

    for minutes in (1, 600):
        ends_at = timezone.now() + timedelta(minutes=minutes)
        assert services.edit(event, {"ends_at": ends_at}).ends_at == ends_at


def test_the_capacity_cannot_fall_below_the_confirmed(api, user):
    event = EventFactory(organizer=user, capacity=3)
    ParticipantFactory.create_batch(2, event=event)

    refused = api.patch(f"/api/v1/events/{event.pk}/", {"capacity": 1})
    allowed = api.patch(f"/api/v1/events/{event.pk}/", {"capacity": 2})

    assert error(refused) == (409, "capacity_below_confirmed", "capacity")
    assert (allowed.status_code, allowed.json()["seats_left"]) == (200, 0)


def test_more_seats_go_to_those_who_wait(api, user, mailoutbox, django_capture_on_commit_callbacks):
    event = EventFactory(organizer=user, capacity=1)
    ParticipantFactory(event=event)
    waiting = [ParticipantFactory(event=event, status="waitlisted").user for _ in range(3)]

    with django_capture_on_commit_callbacks(execute=True):
        body = api.patch(f"/api/v1/events/{event.pk}/", {"capacity": 3}).json()

    assert body["seats_left"] == 0
    assert [mail.to for mail in mailoutbox] == [[user.email] for user in waiting[:2]]
    assert list(event.participants.waitlisted().values_list("user", flat=True)) == [waiting[2].pk]


@pytest.mark.parametrize(
    "change",
    [
        {"starts_at": timezone.now() + timedelta(days=6)},
        {"ends_at": timezone.now() + timedelta(days=8)},
        {"address": "Outra praça"},
        {"city": "Santos"},
        {"latitude": -23.96},
        {"time_zone": "America/Manaus"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_new_time_or_place_is_told_to_everyone_with_a_place_once(
    db, mailoutbox, django_capture_on_commit_callbacks, change
):
    event = EventFactory(capacity=1)
    told = [
        ParticipantFactory(event=event).user.email,
        ParticipantFactory(event=event, status="waitlisted").user.email,
    ]
    ParticipantFactory(event=event, status="left")

    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            services.edit(event, change)

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(told)
    assert {mail.subject for mail in mailoutbox} == {f"Novo horário ou local: {event.title}"}


def test_each_new_time_is_told_anew(db, mailoutbox, django_capture_on_commit_callbacks):
    event = ParticipantFactory().event

    for days in (8, 9):
        with django_capture_on_commit_callbacks(execute=True):
            services.edit(event, {"ends_at": timezone.now() + timedelta(days=days)})

    assert len(mailoutbox) == 2


def test_other_changes_are_told_to_nobody(db):
    event = ParticipantFactory().event

    services.edit(event, {"title": "Novo nome", "description": "Tragam água."})

    assert not EventNotification.objects.exists()


def test_a_draft_is_changed_in_silence(db):
    event = EventFactory(status="draft")

    services.edit(event, {"city": "Santos"})

    event.refresh_from_db()
    assert (event.version, event.city) == (1, "Santos")


def test_a_draft_without_participants_is_deleted(api, user):
    event = EventFactory(organizer=user, status="draft")

    assert api.delete(f"/api/v1/events/{event.pk}/").status_code == 204
    assert not Event.objects.exists()


@pytest.mark.parametrize("status", ["published", "cancelled", "finished", "archived"])
def test_only_a_draft_is_deleted_and_nothing_is_cancelled_by_that(api, user, status):
    event = EventFactory(organizer=user, status=status, cancel_reason="Chuva")

    response = api.delete(f"/api/v1/events/{event.pk}/")

    assert error(response) == (409, "event_not_deletable", None)
    assert Event.objects.get().status == status


def test_a_draft_that_someone_joined_is_not_deleted(db):
    event = ParticipantFactory(event__status="draft").event

    with pytest.raises(services.EventNotDeletable):
        services.delete(event)


def test_a_change_is_few_statements(user, django_assert_num_queries):
    event = ParticipantFactory().event

    # Savepoint, event, change, mails, savepoint.
    with django_assert_num_queries(6):
        services.edit(event, {"address": "Outra praça"})


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_for_a_seat_that_was_added_just_then():
    event = ParticipantFactory(event__capacity=1).event
    newcomers = UserFactory.create_batch(4)

    run_together(
        lambda: services.edit(event, {"capacity": 3}),
        *[lambda user=user: services.join(event, user) for user in newcomers],
    )

    event.refresh_from_db()
    assert event.seats_taken == event.participants.confirmed().count() == 3
    assert event.participants.waitlisted().count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_capacity_that_falls_while_people_join_is_never_exceeded():
    event = EventFactory(capacity=5)
    people = UserFactory.create_batch(5)

    def shrink():
        with suppress(services.CapacityBelowConfirmed):
            services.edit(event, {"capacity": 2})

    run_together(shrink, *[lambda user=user: services.join(event, user) for user in people])

    event.refresh_from_db()
    assert event.seats_taken == event.participants.confirmed().count() <= event.capacity


@pytest.mark.django_db(transaction=True)
def test_two_changes_at_once_cannot_turn_the_times_around():
    event = EventFactory()
    earlier = {"ends_at": event.starts_at + timedelta(hours=1)}
    later = {"starts_at": event.starts_at + timedelta(hours=2)}
    refused = []

    def edit(change):
        try:
            services.edit(event, change)
        except ValidationError as found:
            refused.append(type(found).__name__)

    run_together(lambda: edit(earlier), lambda: edit(later))

    assert refused == ["ValidationError"]


@pytest.mark.parametrize("half", [{"latitude": 1.0}, {"longitude": 1.0}])
def test_the_database_refuses_half_a_place(half, db):
    nowhere = EventFactory(latitude=None, longitude=None)

    with pytest.raises(IntegrityError, match="event_place_is_on_earth"):
        Event.objects.filter(pk=nowhere.pk).update(**half)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "ask",
    [
        lambda client, url: client.delete(url),
        lambda client, url: client.patch(url, {"title": "Novo"}),
        lambda client, url: client.post(f"{url}publish/"),
    ],
    ids=["delete", "patch", "publish"],
)
def test_a_draft_that_is_thrown_away_just_then_is_not_found(ask, client_of):
    draft = EventFactory(status="draft")
    client, url = client_of(draft.organizer), f"/api/v1/events/{draft.pk}/"
    is_locked = Signal()
    answers = []

    def throw_away():
        with transaction.atomic():
            seats.lock(draft)
            is_locked.set()
            let_someone_wait()
            services.delete(draft)

    def come_too_late():
        is_locked.wait()
        answers.append(ask(client, url))

    run_together(throw_away, come_too_late)

    assert error(answers[0]) == (404, "not_found", None)
