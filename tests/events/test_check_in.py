from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from events import services
from events.models import CheckInScan, EventNotification
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users.models import Contribution, ContributionTotal


def event_now(**fields):
    """An event that began an hour ago."""
    return EventFactory(**{"starts_at": timezone.now() - timedelta(hours=1), **fields})


@pytest.fixture
def place(db):
    return ParticipantFactory(event=event_now())


@pytest.fixture
def organizer(place, client_of):
    return client_of(place.event.organizer)


@pytest.fixture
def later(time_machine):
    """Let time pass."""

    def wait(**time):
        time_machine.move_to(timezone.now() + timedelta(**time))

    return wait


def url(event, what="check_in"):
    return f"/api/v1/events/{event.pk}/{what}/"


def error(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


@pytest.mark.parametrize("way", ["ticket_code", "participant"])
def test_an_organizer_checks_people_in(organizer, place, way):
    value = {"ticket_code": place.ticket_code, "participant": place.pk}[way]

    response = organizer.post(url(place.event), {way: value, "nonce": "a"})

    place.refresh_from_db()
    assert response.status_code == 200
    assert response.json()["checked_in_at"]
    assert place.checked_in_by == place.event.organizer


def test_people_check_in_themselves_with_the_code_at_the_venue(place, client_of):
    response = client_of(place.user).post(
        url(place.event), {"venue_code": place.event.venue_code, "nonce": "a"}
    )

    place.refresh_from_db()
    assert response.status_code == 200
    assert (place.checked_in_at is not None, place.checked_in_by) == (True, place.user)


def test_the_same_scan_sent_again_changes_nothing(organizer, place):
    scan = {"ticket_code": place.ticket_code, "nonce": "a"}

    first = organizer.post(url(place.event), scan)
    again = organizer.post(url(place.event), scan)

    assert (again.status_code, again.json()) == (200, first.json())
    assert CheckInScan.objects.count() == 1


def test_another_scan_says_since_when_the_person_is_there(organizer, place):
    organizer.post(url(place.event), {"participant": place.pk, "nonce": "a"})

    response = organizer.post(url(place.event), {"participant": place.pk, "nonce": "b"})

    place.refresh_from_db()
    local = place.checked_in_at.astimezone(place.event.zone)
    assert error(response) == (409, "already_checked_in", None)
    assert local.strftime("%d/%m/%Y %H:%M") in response.json()["errors"][0]["detail"]


@pytest.mark.parametrize(
    ("scan", "attr"),
    [
        ({}, "non_field_errors"),
        ({"nonce": "a"}, "non_field_errors"),
        ({"ticket_code": "x", "participant": 1}, "non_field_errors"),
        ({"ticket_code": "unknown"}, "ticket_code"),
        ({"ticket_code": "nul \x00"}, "ticket_code"),
        ({"ticket_code": None}, "ticket_code"),
        ({"ticket_code": "x" * 33}, "ticket_code"),
        ({"participant": 0}, "participant"),
        ({"participant": 10**18}, "participant"),
        ({"participant": 1e30}, "participant"),
        ({"participant": "x"}, "participant"),
        ({"venue_code": "wrong"}, "venue_code"),
        ({"email": "nobody@example.org"}, "email"),
        ({"email": "x"}, "email"),
        ({"ticket_code": "x", "nonce": "n" * 65}, "nonce"),
    ],
)
def test_a_bad_scan_is_refused_by_the_name_of_its_field(organizer, place, scan, attr):
    response = organizer.post(url(place.event), scan)

    assert (response.status_code, error(response)[2]) == (400, attr)


@pytest.mark.parametrize("body", [[], "x", 5])
def test_a_scan_that_is_no_object_is_refused(organizer, place, body):
    assert organizer.post(url(place.event), body).status_code == 400


def test_a_ticket_of_another_event_is_unknown_here(organizer, place):
    other = ParticipantFactory(event=event_now())

    by_ticket = organizer.post(url(place.event), {"ticket_code": other.ticket_code})
    by_id = organizer.post(url(place.event), {"participant": other.pk})

    assert error(by_ticket) == (400, "unknown", "ticket_code")
    assert error(by_id) == (400, "unknown", "participant")


@pytest.mark.parametrize("way", ["ticket_code", "participant", "email"])
@pytest.mark.parametrize("what", ["check_in", "check_out"])
def test_for_others_only_those_who_run_the_event_speak(place, client_of, way, what):
    me = client_of(place.user)
    values = {
        "ticket_code": place.ticket_code,
        "participant": place.pk,
        "email": place.user.email,
    }

    response = me.post(url(place.event, what), {way: values[way]})

    assert response.status_code == 403
    place.refresh_from_db()
    assert place.checked_in_at is None


def test_check_in_opens_an_hour_before_the_start(db):
    soon = timezone.now() + timedelta(minutes=61)
    early = ParticipantFactory(event=EventFactory(starts_at=soon))
    in_time = ParticipantFactory(event=EventFactory(starts_at=soon - timedelta(minutes=2)))

    with pytest.raises(services.CheckInNotOpen):
        services.check_in(early.event, early.user, by=early.event.organizer)
    with pytest.raises(services.CheckInNotOpen):
        services.check_in_oneself(early.event, early.user)

    assert services.check_in_oneself(in_time.event, in_time.user).checked_in_at


def event_over(**fields):
    """An event of three hours that ended an hour ago."""
    return EventFactory(**{"starts_at": timezone.now() - timedelta(hours=4), **fields})


def test_after_the_end_nobody_checks_in_oneself(db):
    place = ParticipantFactory(event=event_over())

    with pytest.raises(services.EventClosed):
        services.check_in_oneself(place.event, place.user)


@pytest.mark.parametrize("event_status", ["published", "finished"])
@pytest.mark.parametrize("status", ["confirmed", "no_show", "left", None])
def test_whom_an_organizer_notes_after_the_end_was_there_all_the_time(user, event_status, status):
    event = event_over(capacity=1, status=event_status)
    if status:
        ParticipantFactory(event=event, user=user, status=status)

    place = services.check_in(event, user, by=event.organizer)

    event.refresh_from_db()
    place.refresh_from_db()
    assert (place.status, event.seats_taken) == ("confirmed", 1)
    assert (place.checked_in_at, place.checked_out_at) == (event.starts_at, event.ends_at)
    assert Contribution.objects.get().amount == ContributionTotal.objects.get().amount == 3


def test_after_the_end_too_nobody_goes_beyond_the_capacity(user):
    event = ParticipantFactory(event=event_over(capacity=1, status="finished")).event

    with pytest.raises(services.EventFull):
        services.check_in(event, user, by=event.organizer)


def test_who_is_noted_after_the_end_is_promised_no_seat(user):
    event = event_over(status="finished")

    services.check_in(event, user, by=event.organizer)

    assert not EventNotification.objects.exists()


def test_who_is_noted_after_the_end_can_be_taken_back_and_noted_again(user):
    event = event_over(status="finished")
    place = services.check_in(event, user, by=event.organizer)

    undone = services.undo_check_in(event, place, reason="Pessoa errada")
    services.check_in(event, user, by=event.organizer)

    assert undone.status == "no_show"
    assert ContributionTotal.objects.get().amount == 3


@pytest.mark.parametrize("status", ["draft", "cancelled", "archived"])
def test_a_closed_event_takes_nobody_in(db, status):
    place = ParticipantFactory(event=event_now(status=status, cancel_reason="Chuva"))

    with pytest.raises(services.EventClosed):
        services.check_in(place.event, place.user, by=place.event.organizer)


def test_the_venues_code_is_for_those_who_are_signed_up(api, user):
    event = event_now()
    scan = {"venue_code": event.venue_code}

    stranger = api.post(url(event), scan)
    ParticipantFactory(event=event, user=user, status="left")
    gone = api.post(url(event), scan)

    assert error(stranger) == error(gone) == (409, "not_joined", None)


def test_a_walk_up_takes_a_free_seat_even_after_sign_up_closed(client_of, user):
    event = event_now(capacity=1, signup_closes_at=timezone.now() - timedelta(days=1))
    elsewhere = ParticipantFactory(user=user, event=event_now()).event

    response = client_of(event.organizer).post(url(event), {"email": user.email.upper()})

    event.refresh_from_db()
    assert elsewhere.starts_at < event.ends_at
    assert response.status_code == 200
    assert (response.json()["user"], response.json()["status"]) == (user.pk, "confirmed")
    assert event.seats_taken == 1
    assert EventNotification.objects.get().kind == "joined"


@pytest.mark.parametrize("status", [None, "left", "waitlisted"])
def test_a_walk_up_never_goes_beyond_the_capacity(user, status):
    event = ParticipantFactory(event=event_now(capacity=1)).event
    if status:
        ParticipantFactory(event=event, user=user, status=status)

    with pytest.raises(services.EventFull):
        services.check_in(event, user, by=event.organizer)

    event.refresh_from_db()
    assert event.seats_taken == 1
    assert not event.participants.filter(user=user, status="confirmed").exists()


@pytest.mark.parametrize("status", ["left", "waitlisted", "no_show"])
def test_who_has_no_seat_but_is_there_takes_a_free_one(user, status):
    event = event_now(capacity=1)
    ParticipantFactory(event=event, user=user, status=status)

    place = services.check_in(event, user, by=event.organizer)

    event.refresh_from_db()
    assert (place.status, event.seats_taken) == ("confirmed", 1)


def test_before_check_in_opens_an_address_tells_nothing(client_of, user):
    event = EventFactory()
    organizer = client_of(event.organizer)

    known = organizer.post(url(event), {"email": user.email})
    unknown = organizer.post(url(event), {"email": "nobody@example.org"})

    assert error(known) == error(unknown) == (409, "check_in_not_open", None)


def test_an_organizer_tries_so_many_addresses_and_no_more(client_of, settings, user):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "walk_up": "2/hour"}
    event = event_now()
    helper = UserFactory()
    event.co_organizers.add(helper)
    organizer = client_of(event.organizer)
    for number in range(2):
        organizer.post(url(event), {"email": f"guess{number}@example.org"})

    refused = organizer.post(url(event), {"email": user.email})
    other = client_of(helper).post(url(event), {"email": user.email})

    assert (refused.status_code, int(refused["Retry-After"]) > 3000) == (429, True)
    assert other.status_code == 200


def test_a_walk_up_is_old_enough_too(user):
    event = event_now(min_age=18)

    with pytest.raises(services.BirthDateRequired):
        services.check_in(event, user, by=event.organizer)


def test_check_out_writes_the_hours_into_the_ledger(organizer, place, later):
    scan = {"participant": place.pk}
    organizer.post(url(place.event), scan)
    later(hours=1, minutes=20)

    response = organizer.post(url(place.event, "check_out"), {**scan, "nonce": "z"})

    line = Contribution.objects.get()
    assert response.status_code == 200
    assert response.json()["checked_out_at"]
    assert (line.user, line.kind, line.amount) == (place.user, "hours", Decimal("1.33"))
    assert line.source == f"event:{place.event.pk}:user:{place.user.pk}:1"
    assert line.happened_at == place.event.starts_at
    assert line.category == place.event.category.slug
    assert ContributionTotal.objects.get().amount == Decimal("1.33")


def test_checking_out_again_counts_nothing(organizer, place, later):
    organizer.post(url(place.event), {"participant": place.pk})
    later(hours=1)
    scan = {"participant": place.pk, "nonce": "z"}

    first = organizer.post(url(place.event, "check_out"), scan)
    again = organizer.post(url(place.event, "check_out"), scan)
    other = organizer.post(url(place.event, "check_out"), {**scan, "nonce": "y"})

    assert (again.status_code, again.json()) == (200, first.json())
    assert error(other) == (409, "already_checked_out", None)
    assert Contribution.objects.count() == 1


def test_the_nonce_of_a_check_in_does_not_hide_a_check_out(organizer, place):
    scan = {"participant": place.pk, "nonce": "a"}
    organizer.post(url(place.event), scan)

    response = organizer.post(url(place.event, "check_out"), scan)

    assert response.json()["checked_out_at"]


def test_people_check_out_themselves_too(place, client_of):
    me = client_of(place.user)
    scan = {"venue_code": place.event.venue_code}
    me.post(url(place.event), scan)

    response = me.post(url(place.event, "check_out"), scan)

    assert (response.status_code, Contribution.objects.count()) == (200, 1)


@pytest.mark.parametrize(("left_after", "counted"), [(1, 1), (3, 2), (20, 2)])
def test_who_checks_out_oneself_after_the_end_went_at_the_end(
    place, client_of, later, left_after, counted
):
    scan = {"venue_code": place.event.venue_code}
    services.check_in_oneself(place.event, place.user)
    later(hours=left_after)

    response = client_of(place.user).post(url(place.event, "check_out"), scan)

    place.refresh_from_db()
    assert response.status_code == 200
    assert place.checked_out_by == place.user
    assert Contribution.objects.get().amount == counted


def test_who_overstays_may_be_seen_off_by_an_organizer(organizer, place, later):
    services.check_in_oneself(place.event, place.user)
    later(hours=3)

    organizer.post(url(place.event, "check_out"), {"participant": place.pk})

    assert Contribution.objects.get().amount == 3


def test_who_is_not_there_cannot_go(organizer, place, api):
    not_there = organizer.post(url(place.event, "check_out"), {"participant": place.pk})
    stranger = api.post(url(place.event, "check_out"), {"venue_code": place.event.venue_code})

    assert error(not_there) == (409, "not_checked_in", None)
    assert error(stranger) == (409, "not_joined", None)


def test_a_visit_counts_for_24_hours_at_most(place, later):
    event, user = place.event, place.user
    services.edit(event, {"ends_at": event.starts_at + timedelta(days=3)})
    services.check_in(event, user, by=user)
    later(hours=30)

    services.check_out(event, user, by=user)

    assert Contribution.objects.get().amount == 24


def test_a_wrong_scan_is_undone_and_its_hours_reversed(organizer, place, later):
    event, user = place.event, place.user
    services.check_in(event, user, by=user)
    later(hours=1)
    services.check_out(event, user, by=user)

    response = organizer.post(
        url(event, f"participants/{place.pk}/undo_check_in"), {"reason": "Pessoa errada"}
    )

    assert response.status_code == 200
    assert response.json()["checked_in_at"] is None
    assert [line.amount for line in Contribution.objects.order_by("pk")] == [1, -1]
    assert Contribution.objects.last().reason == "Pessoa errada"
    assert ContributionTotal.objects.get().amount == 0


def test_after_an_undone_scan_the_next_visit_counts(place, later):
    event, user = place.event, place.user
    for hours in (1, 2):
        services.check_in(event, user, by=event.organizer)
        later(hours=hours)
        services.check_out(event, user, by=event.organizer)
        if hours == 1:
            services.undo_check_in(event, place, reason="Cedo demais")

    assert ContributionTotal.objects.get().amount == 2


def test_an_undone_check_in_without_hours_leaves_no_trace_in_the_ledger(place):
    services.check_in(place.event, place.user, by=place.user)

    services.undo_check_in(place.event, place, reason="Engano")

    assert not Contribution.objects.exists()


def test_who_was_never_there_after_the_end_is_a_no_show(place, later):
    services.check_in(place.event, place.user, by=place.user)
    later(hours=5)
    services.finish(place.event.pk)

    undone = services.undo_check_in(place.event, place, reason="Pessoa errada")

    place.event.refresh_from_db()
    assert (undone.status, place.event.seats_taken) == ("no_show", 0)
    assert ContributionTotal.objects.get().amount == 0


def test_undoing_needs_a_reason_and_a_check_in(organizer, place):
    undo = url(place.event, f"participants/{place.pk}/undo_check_in")

    assert error(organizer.post(undo, {})) == (400, "required", "reason")
    assert error(organizer.post(undo, {"reason": " "})) == (400, "blank", "reason")
    assert error(organizer.post(undo, {"reason": "x"})) == (409, "not_checked_in", None)


def test_an_organizer_marks_who_did_not_come(organizer, place):
    mark = url(place.event, f"participants/{place.pk}/no_show")

    first, again = organizer.post(mark), organizer.post(mark)

    place.event.refresh_from_db()
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.json()["status"], place.event.seats_taken) == ("no_show", 0)


@pytest.mark.parametrize(
    ("fields", "event_fields", "refusal"),
    [
        ({}, {"starts_at": timezone.now() + timedelta(days=1)}, services.NotStarted),
        ({"status": "waitlisted"}, {}, services.NotJoined),
        ({"checked_in_at": timezone.now()}, {}, services.AlreadyCheckedIn),
        ({}, {"status": "cancelled", "cancel_reason": "Chuva"}, services.EventClosed),
    ],
)
def test_only_who_had_a_seat_and_stayed_away_is_a_no_show(db, fields, event_fields, refusal):
    place = ParticipantFactory(event=event_now(**event_fields), **fields)

    with pytest.raises(refusal):
        services.mark_no_show(place.event, place)


@pytest.mark.parametrize("what", ["undo_check_in", "no_show"])
def test_only_those_who_run_an_event_correct_visits(place, api, client_of, what):
    correct = url(place.event, f"participants/{place.pk}/{what}")

    assert api.post(correct, {"reason": "x"}).status_code == 403
    assert client_of(place.user).post(correct, {"reason": "x"}).status_code == 403


def test_a_check_in_is_few_statements(place, django_assert_num_queries):
    # Savepoint, event, place, scan before, arrival, scan, savepoint.
    with django_assert_num_queries(7):
        services.check_in(place.event, place.user, by=place.user, nonce="a")


@pytest.mark.django_db(transaction=True)
def test_two_scans_at_once_check_in_once():
    place = ParticipantFactory(event=event_now())
    outcomes = []

    def scan(nonce):
        try:
            services.check_in(place.event, place.user, by=place.user, nonce=nonce)
            outcomes.append("in")
        except services.AlreadyCheckedIn:
            outcomes.append("refused")

    run_together(*[lambda nonce=nonce: scan(nonce) for nonce in "aabc"])

    # The two with the same nonce are one scan: both are in, or both came too late.
    assert sorted(outcomes) in (["in", "in", "refused", "refused"], ["in"] + ["refused"] * 3)
    assert place.scans.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_walk_ups_at_once_do_not_share_the_last_seat():
    event = event_now(capacity=1)
    people = UserFactory.create_batch(4)
    refused = []

    def scan(user):
        try:
            services.check_in(event, user, by=event.organizer)
        except services.EventFull:
            refused.append(user)

    run_together(*[lambda user=user: scan(user) for user in people])

    event.refresh_from_db()
    assert (event.seats_taken, event.participants.confirmed().count(), len(refused)) == (1, 1, 3)


@pytest.mark.django_db(transaction=True)
def test_who_checks_in_and_leaves_at_once_does_only_one_of_both():
    event = EventFactory(starts_at=timezone.now() + timedelta(minutes=30))
    places = ParticipantFactory.create_batch(4, event=event)
    done = []

    def attempt(act, user):
        with suppress(services.HasCome, services.NotJoined):
            act(event, user)
            done.append(user)

    run_together(
        *[
            lambda act=act, user=place.user: attempt(act, user)
            for place in places
            for act in (services.leave, services.check_in_oneself)
        ]
    )

    assert len(done) == len(set(done)) == 4
    assert not event.participants.filter(status="left", checked_in_at__isnull=False).exists()
