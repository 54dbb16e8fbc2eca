"""What people accept by joining: by its version, once, on record."""

from datetime import timedelta
from threading import Event as Signal

import pytest
from django.db import ProgrammingError, transaction
from django.utils import timezone

from events import services
from events.models import EventNotification, Waiver, WaiverAcceptance
from tests.events.repeats import series_of
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import let_someone_wait, run_together

TEXT = "Participo por minha conta."


@pytest.fixture
def event(db):
    event = EventFactory()
    services.set_waiver(event, text=TEXT, by=event.organizer)
    return event


@pytest.fixture
def organizer(event, client_of):
    return client_of(event.organizer)


def url(event, what="waiver"):
    return f"/api/v1/events/{event.pk}/{what}/"


def refusal(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def accepted():
    return list(WaiverAcceptance.objects.values_list("user", "waiver__version"))


def test_everyone_reads_the_waiver(event, anonymous):
    body = anonymous.get(url(event)).json()

    assert (body["version"], body["text"], body["event"]) == (1, TEXT, event.pk)
    assert anonymous.get(f"/api/v1/events/{event.pk}/").json()["waiver_version"] == 1


def test_without_a_waiver_there_is_none_to_read(db, anonymous):
    assert anonymous.get(url(EventFactory())).status_code == 404


def test_who_joins_accepts_it(event, user, api):
    refused = api.post(url(event, "join"))
    joined = api.post(url(event, "join"), {"accepts_waiver": 1})

    assert refusal(refused) == (409, "waiver_required", "accepts_waiver")
    assert "1" in refused.json()["errors"][0]["detail"]
    assert (joined.status_code, joined.json()["waiver_missing"]) == (201, False)
    assert accepted() == [(user.pk, 1)]
    assert WaiverAcceptance.objects.get().accepted_at <= timezone.now()


def test_an_older_version_is_not_enough(event, api):
    services.set_waiver(event, text="Outro texto.", by=event.organizer)

    response = api.post(url(event, "join"), {"accepts_waiver": 1})

    assert refusal(response) == (409, "waiver_required", "accepts_waiver")
    assert not event.participants.exists()


@pytest.mark.parametrize("version", [0, -1, "x", 1.5, [], 2**40])
def test_a_version_that_is_none_is_refused_by_name(event, api, version):
    response = api.post(url(event, "join"), {"accepts_waiver": version})

    assert (response.status_code, refusal(response)[2]) == (400, "accepts_waiver")


def test_nothing_is_accepted_by_who_finds_no_seat(api, user):
    event = ParticipantFactory(event__capacity=1, event__waitlist_enabled=False).event
    services.set_waiver(event, text=TEXT, by=event.organizer)

    response = api.post(url(event, "join"), {"accepts_waiver": 1})

    assert refusal(response)[1] == "event_full"
    assert accepted() == []


def test_who_comes_back_need_not_accept_again(event, user):
    services.join(event, user, accepts_waiver=1)
    services.leave(event, user)

    _, is_new = services.join(event, user)

    assert is_new
    assert accepted() == [(user.pk, 1)]


def test_a_new_version_asks_who_joined_and_they_keep_their_seat(
    event, user, api, organizer, mailoutbox, django_capture_on_commit_callbacks
):
    services.join(event, user, accepts_waiver=1)
    with django_capture_on_commit_callbacks(execute=True):
        response = organizer.put(url(event), {"text": "Outro texto."})

    assert (response.status_code, response.json()["version"]) == (200, 2)
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([user.email], f"Aceite o termo de responsabilidade: {event.title}")
    ]
    [person] = organizer.get(url(event, "participants")).json()["results"]
    assert (person["status"], person["waiver_missing"]) == ("confirmed", True)
    again = api.post(url(event, "join"), {"accepts_waiver": 2})
    assert (again.status_code, again.json()["waiver_missing"]) == (200, False)
    assert accepted() == [(user.pk, 1), (user.pk, 2)]


def test_a_check_in_shows_that_it_is_missing(client_of, user):
    event = EventFactory(starts_at=timezone.now())
    place = ParticipantFactory(event=event, user=user)
    services.set_waiver(event, text=TEXT, by=event.organizer)

    body = client_of(event.organizer).post(url(event, "check_in"), {"participant": place.pk}).json()

    assert (body["checked_in_at"] is not None, body["waiver_missing"]) == (True, True)


def test_a_mail_about_a_waiver_that_is_replaced_is_not_sent(
    event, user, mailoutbox, django_capture_on_commit_callbacks
):
    services.join(event, user, accepts_waiver=1)
    EventNotification.objects.all().delete()
    for text in ("Segundo", "Terceiro"):
        services.set_waiver(event, text=text, by=event.organizer)
    second, third = EventNotification.objects.order_by("pk")

    services.send_notification(second.pk)
    services.send_notification(third.pk)

    assert len(mailoutbox) == 1


def test_the_same_text_is_the_same_version(event, organizer):
    response = organizer.put(url(event), {"text": TEXT})

    assert (response.json()["version"], Waiver.objects.count()) == (1, 1)


def test_a_waiver_that_is_taken_away_asks_nobody_and_comes_back_as_a_new_version(
    event, organizer, user, api
):
    assert organizer.delete(url(event)).status_code == 204
    assert organizer.delete(url(event)).status_code == 204
    assert api.post(url(event, "join")).status_code == 201

    assert organizer.put(url(event), {"text": TEXT}).json()["version"] == 2


@pytest.mark.parametrize("text", [None, "", "  ", [], "x" * 10_001])
def test_a_bad_text_is_refused_by_name(event, organizer, text):
    response = organizer.put(url(event), {"text": text})

    assert refusal(response)[::2] == (400, "text")


def test_what_is_over_keeps_its_waiver(db):
    event = EventFactory(status="finished")

    with pytest.raises(services.EventNotEditable):
        services.set_waiver(event, text=TEXT, by=event.organizer)
    with pytest.raises(services.EventNotEditable):
        services.remove_waiver(event)


def test_others_may_not_change_it(event, api, anonymous):
    assert api.put(url(event), {"text": "x"}).status_code == 403
    assert api.delete(url(event)).status_code == 403
    assert anonymous.put(url(event), {"text": "x"}).status_code == 401


def test_neither_text_nor_acceptance_is_ever_changed(event, user):
    services.join(event, user, accepts_waiver=1)

    for change in (
        lambda: Waiver.objects.update(text="Nada."),
        lambda: WaiverAcceptance.objects.update(accepted_at=timezone.now()),
        lambda: WaiverAcceptance.objects.all().delete(),
    ):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()


def test_a_draft_goes_with_its_waiver(user):
    draft = EventFactory(organizer=user, status="draft")
    services.set_waiver(draft, text=TEXT, by=user)

    services.delete(draft)

    assert not Waiver.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_nobody_joins_under_a_version_that_is_replaced_just_then(user):
    event = EventFactory()
    services.set_waiver(event, text=TEXT, by=event.organizer)
    is_replaced = Signal()
    refused = []

    def replace():
        with transaction.atomic():
            services.set_waiver(event, text="Outro texto.", by=event.organizer)
            is_replaced.set()
            let_someone_wait()

    def join():
        is_replaced.wait()
        try:
            services.join(event, user, accepts_waiver=1)
        except services.WaiverRequired as error:
            refused.append(str(error))

    run_together(replace, join)

    assert len(refused) == 1
    assert not event.participants.exists()


@pytest.mark.django_db(transaction=True)
def test_two_new_texts_at_once_are_two_versions():
    event = EventFactory()

    run_together(
        *[
            lambda text=text: services.set_waiver(event, text=text, by=event.organizer)
            for text in ("a", "b", "c")
        ]
    )

    assert sorted(event.waivers.values_list("version", flat=True)) == [1, 2, 3]


def repeated(user, **what):
    return series_of(user, status="published", **what)


def texts(series):
    events = series.events.order_by("series_slot")
    return [one.waivers.get(version=one.waiver_version).text for one in events]


def test_each_event_of_a_series_begins_with_its_waiver(user, api):
    series = repeated(user, waiver=TEXT)

    assert texts(series) == [TEXT] * 3
    assert refusal(api.post(url(series.events.last(), "join"))) == (
        409,
        "waiver_required",
        "accepts_waiver",
    )


def test_a_waiver_for_all_reaches_what_is_to_come_and_what_is_made_later(user, api):
    series = repeated(user)
    event, other, last = series.events.order_by("series_slot")
    place = ParticipantFactory(event=other)
    services.cancel(last, reason="Chuva")

    response = api.put(url(event), {"text": TEXT, "scope": "all"})

    event.refresh_from_db(), other.refresh_from_db(), last.refresh_from_db()
    assert (response.status_code, response.json()["event"]) == (200, event.pk)
    assert [event.waiver_version, other.waiver_version, last.waiver_version] == [1, 1, None]
    assert EventNotification.objects.filter(kind="waiver", user=place.user).exists()
    series.refresh_from_db()
    assert series.plan["waiver"] == TEXT


def test_events_that_are_made_later_have_the_waiver_too(user, time_machine):
    starts_at = timezone.now() + timedelta(days=7)
    series = repeated(user)
    series.rule = "FREQ=WEEKLY"
    series.made_until = starts_at.date() + timedelta(days=14)
    series.save()
    services.set_series_waiver(series.events.first(), text=TEXT, by=user)

    services.extend_series(series.pk)

    assert series.events.count() > 3
    assert set(texts(series)) == {TEXT}


def test_a_waiver_for_one_leaves_the_others_without(user, api):
    event, other, _last = repeated(user).events.order_by("series_slot")

    api.put(url(event), {"text": TEXT})

    other.refresh_from_db()
    assert other.waiver_version is None


def test_for_all_it_is_taken_away(user, api):
    series = repeated(user, waiver=TEXT)

    response = api.delete(f"{url(series.events.first())}?scope=all")

    assert response.status_code == 204
    assert not series.events.exclude(waiver_version=None).exists()


def test_who_runs_one_event_sets_no_waiver_for_the_others(user, client_of):
    helper = UserFactory()
    event = repeated(user).events.first()
    event.co_organizers.add(helper)

    assert client_of(helper).put(url(event), {"text": TEXT, "scope": "all"}).status_code == 403
    assert client_of(helper).delete(f"{url(event)}?scope=all").status_code == 403


def test_an_event_of_no_series_has_no_others(user, api):
    response = api.put(url(EventFactory(organizer=user)), {"text": TEXT, "scope": "all"})

    assert refusal(response) == (409, "not_in_series", None)


def test_if_one_cannot_have_it_none_gets_it(user, api):
    series = repeated(user)
    event = series.events.first()
    services.cancel(event, reason="Chuva")

    response = api.put(url(event), {"text": TEXT, "scope": "all"})

    assert refusal(response)[:2] == (409, "event_not_editable")
    assert not Waiver.objects.exists()
