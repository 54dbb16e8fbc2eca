"""Objections to photos, and what staff decide."""

from datetime import timedelta
from functools import partial
from smtplib import SMTPException

import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from events import services, tasks
from events.models import EventNotification, EventPhoto
from tests.factories import PhotoFactory, UserFactory


@pytest.fixture
def photo(db):
    return PhotoFactory()


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def flag(client, photo, reason="other", **more):
    place = f"/api/v1/events/{photo.event_id}/photos/{photo.pk}/flag/"
    return client.post(place, {"reason": reason, **more})


def status_of(photo):
    return EventPhoto.objects.get(pk=photo.pk).status


def test_an_objection_hides_the_photo_until_staff_decide(api, anonymous, user, photo):
    response = flag(api, photo, "shows_me", note="Estou à esquerda.")

    assert response.status_code == 204
    assert status_of(photo) == "hidden"
    assert photo.flags.get(user=user).note == "Estou à esquerda."
    assert list(EventPhoto.objects.waiting_for_decision()) == [photo]
    assert anonymous.get(f"/api/v1/events/{photo.event_id}/photos/").json()["count"] == 0


def test_everyone_objects_once(api, photo):
    assert [flag(api, photo).status_code for _ in range(2)] == [204, 204]

    assert photo.flags.count() == 1


def test_who_objected_does_not_see_it_any_more(api, photo):
    flag(api, photo)

    assert api.get(f"/api/v1/events/{photo.event_id}/photos/{photo.pk}/").status_code == 404


def test_one_objects_only_to_what_one_sees(api, photo):
    EventPhoto.objects.update(status="waiting")

    assert flag(api, photo).status_code == 404


def test_a_reason_is_one_of_the_known(api, photo):
    response = flag(api, photo, "ugly")

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "reason"


def test_objections_are_taken_so_often(api, photo, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "photo_flags": "1/hour"}

    assert flag(api, photo).status_code == 204
    assert flag(api, PhotoFactory()).status_code == 429


def test_what_staff_let_pass_is_hidden_again_only_by_who_is_shown(photo, staff):
    services.flag_photo(photo, UserFactory(), reason="offensive")
    services.approve_photo(photo, by=staff)

    services.flag_photo(photo, UserFactory(), reason="offensive")
    assert status_of(photo) == "shown"

    services.flag_photo(photo, UserFactory(), reason="shows_me")
    assert status_of(photo) == "hidden"


def test_who_objected_before_may_still_say_that_it_shows_them(photo, staff):
    person = UserFactory()
    services.flag_photo(photo, person, reason="other")
    services.approve_photo(photo, by=staff)

    services.flag_photo(photo, person, reason="offensive")
    assert status_of(photo) == "shown"

    services.flag_photo(photo, person, reason="shows_child", note="A menina de azul.")
    assert status_of(photo) == "hidden"
    assert photo.flags.get().note == "A menina de azul."

    services.approve_photo(photo, by=staff)
    services.flag_photo(photo, person, reason="shows_child")
    assert status_of(photo) == "hidden"


def test_what_was_only_approved_is_hidden_by_its_first_objection(photo, staff):
    EventPhoto.objects.update(status="waiting")
    services.approve_photo(photo, by=staff)

    services.flag_photo(photo, UserFactory(), reason="offensive")

    assert status_of(photo) == "hidden"


def test_an_approved_photo_is_shown_and_its_uploader_told(photo, staff, commits):
    EventPhoto.objects.update(status="waiting")

    with commits():
        services.approve_photo(photo, by=staff)

    photo.refresh_from_db()
    [message] = mail.outbox
    assert (photo.status, photo.decided_by) == ("shown", staff)
    assert message.to == [photo.uploader.email]
    assert message.subject == f"Sua foto está no ar: {photo.event.title}"
    assert not photo.mail_due_at


def test_a_removed_photo_loses_its_files_and_its_uploader_hears_why(photo, staff, disk, commits):
    for name in photo.files:
        (disk / "photos").mkdir(parents=True, exist_ok=True)
        (disk / name).write_bytes(b"picture")

    with commits():
        services.remove_photo(photo, by=staff, reason="Mostra uma criança.")

    photo.refresh_from_db()
    assert (photo.status, photo.files) == ("removed", [])
    assert not list(disk.glob("photos/*"))
    [message] = mail.outbox
    assert "Mostra uma criança." in message.body


def test_what_is_decided_is_decided(photo, staff):
    with pytest.raises(services.PhotoDecided):
        services.approve_photo(photo, by=staff)

    services.remove_photo(photo, by=staff, reason="Não.")

    with pytest.raises(services.PhotoDecided):
        services.approve_photo(photo, by=staff)
    with pytest.raises(services.PhotoGone):
        services.remove_photo(photo, by=staff, reason="Não.")
    with pytest.raises(services.PhotoGone):
        services.flag_photo(photo, UserFactory(), reason="other")


def test_the_mail_goes_out_once(photo, staff, commits):
    with commits():
        services.remove_photo(photo, by=staff, reason="Não.")

    tasks.send_photo_decision(photo.pk)

    assert len(mail.outbox) == 1


def test_what_was_lost_between_commit_and_queue_is_sent_by_the_sweep(photo, staff):
    services.remove_photo(photo, by=staff, reason="Não.")

    tasks.retry_waiting_photo_mails()
    assert not mail.outbox

    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        tasks.retry_waiting_photo_mails()
    assert len(mail.outbox) == 1


def test_a_mail_that_fails_is_tried_five_times(photo, staff, monkeypatch):
    def fail(*_):
        raise SMTPException

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", fail)
    services.remove_photo(photo, by=staff, reason="Não.")

    for _ in range(5):
        with pytest.raises(SMTPException):
            services.mail_photo_decision(photo.pk)
    services.mail_photo_decision(photo.pk)

    photo.refresh_from_db()
    assert photo.mail_attempts == 5
    assert photo.mail_due_at
    with time_machine.travel(timezone.now() + timedelta(days=2), tick=False):
        assert services.overdue_photo_mails() == []


def test_closed_accounts_get_no_mail(staff, commits):
    photo = PhotoFactory(uploader__is_active=False)

    with commits():
        services.remove_photo(photo, by=staff, reason="Não.")

    assert not mail.outbox


def test_a_photo_that_is_gone_is_no_matter(db):
    tasks.send_photo_decision(0)


@pytest.mark.parametrize(
    ("decide", "words"),
    [
        (services.approve_photo, "ela volta ao ar"),
        (partial(services.remove_photo, reason="Não."), "a removeu"),
    ],
)
def test_who_objected_is_told_what_came_of_it(photo, staff, commits, decide, words):
    person = UserFactory()
    services.flag_photo(photo, person, reason="other")

    with commits():
        decide(photo, by=staff)

    [message] = [one for one in mail.outbox if one.to == [person.email]]
    assert words in message.body


def test_each_decision_tells_those_who_objected_since_the_one_before(photo, staff):
    early, late = UserFactory(), UserFactory()
    services.flag_photo(photo, early, reason="other")
    services.approve_photo(photo, by=staff)
    services.flag_photo(photo, late, reason="shows_me")

    services.remove_photo(photo, by=staff, reason="Não.")

    told = EventNotification.objects.filter(kind="photo_decided").order_by("pk")
    assert list(told.values_list("user_id", flat=True)) == [early.pk, late.pk]


def test_a_decision_that_does_not_hold_any_more_is_not_mailed(photo, staff):
    services.flag_photo(photo, UserFactory(), reason="other")
    services.approve_photo(photo, by=staff)
    services.flag_photo(photo, UserFactory(), reason="shows_me")

    services.send_notification(EventNotification.objects.get().pk)

    assert not mail.outbox
