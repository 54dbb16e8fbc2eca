"""Scans from devices that were offline: whatever their order, the same visits and hours."""

import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from events import check_in_lists, services
from events.models import CheckInScan, EventParticipant
from events.services.syncing import Scan
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users import services as users
from users.models import Contribution, ContributionTotal

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def event_over(**fields):
    """An event of three hours that ended two hours ago."""
    start = timezone.now().replace(microsecond=0) - 5 * HOUR
    return EventFactory(**{"starts_at": start, **fields})


@pytest.fixture
def event(user):
    return event_over(organizer=user)


@pytest.fixture
def place(event):
    return ParticipantFactory(event=event)


def url(event, what="sync"):
    return f"/api/v1/events/{event.pk}/checkin_{what}/"


def scan(place, direction="in", after=timedelta(0), nonce="a", **fields):
    moment = (place.event.starts_at + after).isoformat()
    item = {"participant": place.pk, "direction": direction, "happened_at": moment, "nonce": nonce}
    return {**item, **fields}


def sync(client, event, *items):
    signature = check_in_lists.make(event)["signature"]
    response = client.post(url(event), {"signature": signature, "items": items})
    assert response.status_code == 200, response.json()
    return [(one["result"], one["code"]) for one in response.json()["results"]]


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def minutes(place):
    """When they came and went, in minutes after the start."""
    place.refresh_from_db()
    moments = place.checked_in_at, place.checked_out_at
    return tuple(one and (one - place.event.starts_at) // MINUTE for one in moments)


def test_the_list_names_who_may_come_but_gives_no_ticket_away(api, event, place):
    ParticipantFactory(event=event, status="left")

    response = api.get(url(event, "list"))

    body = response.json()
    [listed] = body["participants"]
    assert (listed["id"], listed["name"], listed["status"]) == (
        place.pk,
        place.user.name,
        "confirmed",
    )
    assert listed["ticket_hash"] == hashlib.sha256(place.ticket_code.encode()).hexdigest()
    assert (body["event"], body["version"]) == (event.pk, 1)
    assert "attachment" in response.headers["Content-Disposition"]
    for secret in (place.ticket_code, place.user.email, event.venue_code):
        assert secret not in response.content.decode()


def test_the_list_shows_whose_waiver_is_missing(api, user):
    place = ParticipantFactory(event__organizer=user)
    services.set_waiver(place.event, text="Aceito.", by=user)

    [listed] = api.get(url(place.event, "list")).json()["participants"]

    assert listed["waiver_missing"]


def test_the_list_takes_as_many_queries_for_many(api, event, django_assert_max_num_queries):
    ParticipantFactory.create_batch(10, event=event)

    with django_assert_max_num_queries(3):
        assert len(api.get(url(event, "list")).json()["participants"]) == 10


def test_only_those_who_run_the_event_get_the_list_and_send_scans(client_of, place):
    me = client_of(place.user)

    assert me.get(url(place.event, "list")).status_code == 403
    assert me.post(url(place.event), {}).status_code == 403


def test_a_visit_is_noted_with_its_hours(api, user, event, place):
    answers = sync(api, event, scan(place), scan(place, "out", 2 * HOUR))

    assert answers == [("ok", ""), ("ok", "")]
    assert minutes(place) == (0, 120)
    assert (place.checked_in_by, place.checked_out_by) == (user, user)
    assert Contribution.objects.get().amount == 2


def test_tickets_are_scanned_too(api, event, place):
    item = scan(place, ticket_code=place.ticket_code)
    del item["participant"]

    assert sync(api, event, item) == [("ok", "")]
    assert minutes(place) == (0, None)


def test_a_batch_sent_again_is_a_duplicate(api, event, place):
    batch = [scan(place), scan(place, "out", HOUR), scan(place)]

    first, again = sync(api, event, *batch), sync(api, event, *batch)

    assert first == [("ok", ""), ("ok", ""), ("duplicate", "")]
    assert again == [("duplicate", "")] * 3
    assert CheckInScan.objects.count() == 2
    assert Contribution.objects.count() == 1


def test_a_scan_that_was_answered_online_is_a_duplicate(api, user):
    event = EventFactory(organizer=user, starts_at=timezone.now() - HOUR)
    place = ParticipantFactory(event=event)
    services.check_in(event, place.user, by=user, nonce="a")

    assert sync(api, event, scan(place)) == [("duplicate", "")]


def test_the_earliest_arrival_and_the_latest_departure_count(api, event, place):
    sync(api, event, scan(place, after=30 * MINUTE), scan(place, "out", HOUR, "b"))
    sync(api, event, scan(place, nonce="c"), scan(place, "out", 2 * HOUR, "d"))
    sync(api, event, scan(place, after=40 * MINUTE, nonce="e"))

    assert minutes(place) == (0, 120)
    lines = Contribution.objects.filter(reverses=None, reversed_by=None)
    assert [line.amount for line in lines] == [2]
    assert ContributionTotal.objects.get().amount == 2


def test_a_departure_may_arrive_before_its_arrival(api, event, place):
    assert sync(api, event, scan(place, "out", HOUR)) == [("conflict", "not_checked_in")]
    assert minutes(place) == (None, None)

    assert sync(api, event, scan(place, nonce="b")) == [("ok", "")]
    assert minutes(place) == (0, 60)


def test_a_departure_before_the_arrival_counts_for_nothing(api, event, place):
    sync(api, event, scan(place, after=HOUR), scan(place, "out", 30 * MINUTE))
    assert minutes(place) == (60, None)

    sync(api, event, scan(place, after=10 * MINUTE, nonce="b"))
    assert minutes(place) == (10, 30)


def test_who_was_taken_for_absent_comes_back_with_the_hours(api, event, place):
    services.finish(event.pk)

    assert sync(api, event, scan(place)) == [("ok", "")]

    event.refresh_from_db()
    assert minutes(place) == (0, 180)  # until the end, as nobody saw them go
    assert (place.status, event.seats_taken) == ("confirmed", 1)
    assert sync(api, event, scan(place, "out", HOUR)) == [("ok", "")]
    assert minutes(place) == (0, 60)
    assert ContributionTotal.objects.get().amount == 1


def test_nobody_comes_back_to_a_seat_that_is_taken(api, user):
    event = event_over(organizer=user, capacity=1)
    absent = ParticipantFactory(event=event, status="no_show")
    ParticipantFactory(event=event)

    assert sync(api, event, scan(absent)) == [("conflict", "event_full")]
    assert minutes(absent) == (None, None)


@pytest.mark.parametrize("status", ["waitlisted", "left"])
def test_who_has_no_seat_is_let_in_at_the_door(api, event, status):
    place = ParticipantFactory(event=event, status=status)

    assert sync(api, event, scan(place)) == [("conflict", "not_joined")]


def test_whom_nobody_knows_is_a_conflict(api, event, place):
    stranger = ParticipantFactory()
    by_ticket = {**scan(place), "ticket_code": "x" * 22, "nonce": "b"}
    del by_ticket["participant"]

    answers = sync(api, event, scan(place, participant=stranger.pk), by_ticket, scan(place))

    assert answers == [("conflict", "unknown")] * 2 + [("ok", "")]


@pytest.mark.parametrize(
    ("direction", "after", "code"),
    [
        ("in", -61 * MINUTE, "too_early"),
        ("in", -60 * MINUTE, ""),
        ("in", 180 * MINUTE, ""),
        ("in", 181 * MINUTE, "too_late"),
        ("out", 240 * MINUTE, ""),
        ("out", 241 * MINUTE, "too_late"),
        ("out", 301 * MINUTE, "in_future"),
    ],
)
def test_a_scan_lies_within_the_window_of_the_event(api, event, place, direction, after, code):
    sync(api, event, scan(place, after=-60 * MINUTE, nonce="first"))

    [(result, found)] = sync(api, event, scan(place, direction, after))

    assert (result, found) == ("conflict" if code else "ok", code)


def test_a_check_in_that_was_undone_does_not_come_back(api, event, place):
    sync(api, event, scan(place), scan(place, "out", HOUR))
    services.undo_check_in(event, place, reason="Era outra pessoa.")

    assert sync(api, event, scan(place)) == [("duplicate", "")]
    assert minutes(place) == (None, None)
    sync(api, event, scan(place, after=10 * MINUTE, nonce="b"))
    assert minutes(place) == (10, None)
    assert ContributionTotal.objects.get().amount == 0


def test_a_cancelled_event_takes_no_scans(api, user):
    event = event_over(organizer=user, status="cancelled", cancel_reason="Chuva")
    place = ParticipantFactory(event=event)
    signature = check_in_lists.make(event)["signature"]

    response = api.post(url(event), {"signature": signature, "items": [scan(place)]})

    assert refusal(response) == (409, "event_closed", None)


@pytest.mark.parametrize("which", ["forged", "of another event", "of nothing"])
def test_a_signature_that_is_not_ours_is_refused(api, event, place, which):
    ours = check_in_lists.make(event)["signature"]
    signature = {
        "forged": ours[:-1] + ("A" if ours[-1] != "A" else "B"),
        "of another event": check_in_lists.make(ParticipantFactory().event)["signature"],
        "of nothing": "x",
    }[which]

    response = api.post(url(event), {"signature": signature, "items": [scan(place)]})

    assert refusal(response) == (400, "bad_signature", "signature")
    assert not CheckInScan.objects.exists()


@pytest.mark.parametrize(
    ("change", "attr"),
    [
        ({"nonce": ""}, "items.0.nonce"),
        ({"nonce": "x" * 65}, "items.0.nonce"),
        ({"direction": "up"}, "items.0.direction"),
        ({"happened_at": "yesterday"}, "items.0.happened_at"),
        ({"happened_at": "2026-11-28T09:00:00"}, "items.0.happened_at"),
        ({"participant": 0}, "items.0.participant"),
        ({"ticket_code": "x"}, "items.0.non_field_errors"),
    ],
)
def test_a_bad_item_is_refused_by_its_place(api, event, place, change, attr):
    signature = check_in_lists.make(event)["signature"]

    response = api.post(url(event), {"signature": signature, "items": [scan(place, **change)]})

    assert (response.status_code, refusal(response)[2]) == (400, attr)


@pytest.mark.parametrize("number", [0, 501])
def test_a_batch_has_from_one_to_500_items(api, event, place, number):
    items = [scan(place, nonce=str(one)) for one in range(number)]
    signature = check_in_lists.make(event)["signature"]

    response = api.post(url(event), {"signature": signature, "items": items})

    assert (response.status_code, refusal(response)[2].split(".")[0]) == (400, "items")


def test_a_large_batch_takes_as_many_statements(api, user, django_assert_max_num_queries):
    event = event_over(organizer=user, capacity=100)
    places = ParticipantFactory.create_batch(100, event=event)
    batch = [scan(place) for place in places] + [scan(place, "out", HOUR) for place in places]

    with django_assert_max_num_queries(20):
        assert set(sync(api, event, *batch)) == {("ok", "")}
    assert Contribution.objects.count() == 100


@pytest.mark.django_db(transaction=True)
def test_devices_that_come_back_at_once_make_one_visit():
    event = event_over()
    place = ParticipantFactory(event=event)
    moments = [event.starts_at + after for after in (HOUR, timedelta(0), 2 * HOUR)]

    def send(number):
        scans = [
            Scan(f"{number}{direction}", place.pk, direction, moments[number])
            for direction in ("in", "out")
        ]
        services.sync_check_ins(event, scans, by=event.organizer)

    run_together(*[lambda number=number: send(number) for number in range(3)])

    assert minutes(place) == (0, 120)
    assert ContributionTotal.objects.get().amount == 2


# The property: of the same scans come the same rows and hours.
STATES = ["confirmed", "confirmed", "no_show", "no_show", "waitlisted", "left"]
SCANS = st.lists(
    st.tuples(
        st.integers(0, len(STATES) - 1),
        st.sampled_from(["in", "out"]),
        st.integers(-70, 250),
        st.integers(0, 1),
    ),
    min_size=1,
    max_size=12,
)


@st.composite
def histories(draw):
    """Scans, and two ways in which they may arrive: shuffled, repeated and cut into batches."""
    scans = list(enumerate(draw(SCANS)))
    return [
        draw(st.lists(st.sampled_from(scans), max_size=6)) + draw(st.permutations(scans))
        for _ in range(2)
    ], draw(st.lists(st.integers(1, 5), min_size=20, max_size=20))


def batches(arriving, sizes):
    for size in sizes:
        if arriving:
            yield arriving[:size]
        arriving = arriving[size:]


def outcome(world, arriving, sizes):
    """Let the scans arrive, tell what came of them, and take it all back."""
    event, places, organizers = world
    with transaction.atomic():
        for batch in batches(arriving, sizes):
            for who in (0, 1):
                scans = [
                    Scan(str(number), places[person], direction, event.starts_at + after * MINUTE)
                    for number, (person, direction, after, by) in batch
                    if by == who
                ]
                services.sync_check_ins(event, scans, by=organizers[who])
        found = facts(event)
        assert users.recount() == 0
        transaction.set_rollback(True)
    return found


def facts(event):
    """All rows, but for how often a visit was written anew."""
    event.refresh_from_db()
    fields = [
        field.attname for field in EventParticipant._meta.concrete_fields if field.name != "visit"
    ]
    counts = Contribution.objects.filter(reverses=None, reversed_by=None)
    scans = CheckInScan.objects.order_by("participant", "direction", "nonce")
    totals = ContributionTotal.objects.exclude(amount=0).order_by("user")
    return (
        list(event.participants.order_by("pk").values_list(*fields)),
        event.seats_taken,
        list(scans.values_list("participant", "direction", "nonce", "happened_at", "noted_by")),
        list(counts.order_by("user").values_list("user", "amount", "happened_at", "category")),
        list(totals.values_list("user", "amount")),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("is_finished", [False, True])
@pytest.mark.parametrize("capacity", [10, 3])
@settings(max_examples=25, deadline=None)
@given(history=histories())
def test_of_the_same_scans_come_the_same_visits_and_hours(capacity, is_finished, history):
    ways, sizes = history
    with transaction.atomic():
        event = event_over(capacity=capacity, status="finished" if is_finished else "published")
        places = [ParticipantFactory(event=event, status=status).pk for status in STATES]
        world = event, places, [event.organizer, UserFactory()]

        first, second = (outcome(world, way, sizes) for way in ways)

        assert first == second
        assert all(amount <= Decimal(24) for _, amount, *_ in first[3])
        transaction.set_rollback(True)
