"""A copy of one's own data: asked for, made by a task, fetched for a day."""

import json
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from tests.factories import CommentFactory, EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from tests.users.answers import token_in
from users import exports, services, tasks
from users.models import DataExport, User

URL = "/api/v1/users/profile/export/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_copies")]


@pytest.fixture
def ask(client_of, django_capture_on_commit_callbacks):
    """Ask for a copy, and let the workers do what follows from it."""

    def send(user):
        with django_capture_on_commit_callbacks(execute=True):
            return client_of(user).post(URL)

    return send


@pytest.fixture
def waiting(user):
    """A copy that was asked for, and whose message was lost."""
    return DataExport.objects.create(user=user, requested_at=timezone.now() - timedelta(minutes=2))


def content(export):
    with ZipFile(BytesIO(export.file.read())) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_a_copy_holds_all_that_is_known(user, ask):
    User.objects.filter(pk=user.pk).update(bio="Gosto de plantar 🌱", phone="+5511987654321")
    other = ParticipantFactory().user
    for person in (user, other):
        services.record_contribution(
            person.pk,
            kind="hours",
            amount=Decimal("2.5"),
            source=f"event:1:{person.pk}",
            happened_at=timezone.now(),
        )
    event = ParticipantFactory(user=user).event
    own = EventFactory(organizer=user)
    CommentFactory(author=user, text="Levo café.")
    services.change_wishes(user, {"digest": {"email": False}})
    services.begin_session(user, services.Device("192.0.2.1", "Firefox"))

    assert ask(user).status_code == 202

    copy = content(DataExport.objects.get())
    [profile] = copy["profile.json"]
    assert (profile["email"], profile["bio"]) == (user.email, "Gosto de plantar 🌱")
    assert not {"password", "token_version"} & profile.keys()
    assert [line["amount"] for line in copy["contributions.json"]] == ["2.50"]
    assert [line["amount"] for line in copy["totals.json"]] == ["2.50"]
    assert [place["event_id"] for place in copy["participations.json"]] == [event.pk]
    assert [mine["id"] for mine in copy["organized_events.json"]] == [own.pk]
    assert [said["text"] for said in copy["event_comments.json"]] == ["Levo café."]
    assert [wish["kind"] for wish in copy["notifications.json"]] == ["digest"]
    assert [session["user_agent"] for session in copy["sessions.json"]] == ["Firefox"]
    assert other.email not in json.dumps(copy)


def test_files_of_a_person_are_in_it(user, ask, monkeypatch):
    name = default_storage.save("exports/me.jpg", ContentFile(b"picture"))
    file = DataExport(file=name).file
    gone = DataExport(file="exports/gone.jpg").file
    monkeypatch.setitem(exports._files, "profile", lambda user: [("a.jpg", file), ("b.jpg", gone)])

    ask(user)

    with ZipFile(BytesIO(DataExport.objects.get().file.read())) as archive:
        assert archive.read("profile/a.jpg") == b"picture"
        assert "profile/b.jpg" not in archive.namelist()


def test_its_state_is_told(user, api, ask):
    assert api.get(URL).status_code == 404

    begun = ask(user)
    ready = api.get(URL).json()

    assert (begun.json()["status"], begun.json()["url"]) == ("waiting", None)
    assert ready["status"] == "ready"
    assert ready["url"] == DataExport.objects.get().file.url
    assert ready["expires_at"] > ready["ready_at"]


def test_a_mail_tells_and_its_link_opens_the_file(user, ask, mailoutbox):
    ask(user)

    [mail] = mailoutbox
    browser = Client(enforce_csrf_checks=True)
    page = browser.get("/account/export/", {"token": token_in(mail)})
    csrf = browser.cookies["csrftoken"].value
    opened = browser.post(
        "/account/export/", {"token": token_in(mail), "csrfmiddlewaretoken": csrf}
    )

    export = DataExport.objects.get()
    assert mail.to == [user.email]
    assert "List-Unsubscribe" not in mail.extra_headers
    assert export.file.url not in page.text
    assert f'href="{export.file.url}"' in opened.text


def test_after_a_day_the_link_is_dead_and_the_file_gone(user, api, ask, mailoutbox):
    ask(user)
    export = DataExport.objects.get()
    DataExport.objects.update(ready_at=timezone.now() - timedelta(hours=24, minutes=1))

    answer = Client().post("/account/export/", {"token": token_in(mailoutbox[0])})
    state = api.get(URL)
    tasks.delete_old_exports()

    assert answer.status_code == 400
    assert state.status_code == 404
    assert not default_storage.exists(export.file.name)
    assert not DataExport.objects.exists()


def test_a_fresh_copy_stays(user, ask):
    ask(user)

    tasks.delete_old_exports()

    assert default_storage.exists(DataExport.objects.get().file.name)


@pytest.mark.parametrize("token", ["", "nonsense", "a\0b"])
def test_a_forged_link_opens_nothing(token):
    assert Client().post("/account/export/", {"token": token}).status_code == 400


def test_the_link_of_a_closed_account_opens_nothing(user, ask, mailoutbox):
    ask(user)
    services.deactivate(user)

    answer = Client().post("/account/export/", {"token": token_in(mailoutbox[0])})

    assert answer.status_code == 400


def test_while_one_is_under_way_there_is_no_other(user, api):
    first, second = api.post(URL).json(), api.post(URL).json()

    assert first == second
    assert DataExport.objects.count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        DataExport.objects.create(user=user)


@pytest.mark.django_db(transaction=True)
def test_five_who_ask_at_once_begin_one():
    user = UserFactory()

    run_together(*[lambda: services.request_export(user)] * 5)

    assert DataExport.objects.count() == 1


def test_copies_are_limited(user, ask):
    answers = [ask(user) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert answers[-1].headers["Retry-After"]
    assert ask(UserFactory()).status_code == 202


def test_it_is_ones_own_affair(anonymous, client_of, user, ask):
    ask(user)

    assert anonymous.get(URL).status_code == anonymous.post(URL).status_code == 401
    assert client_of(UserFactory()).get(URL).status_code == 404


def test_a_copy_is_made_once_however_often_its_task_runs(waiting, mailoutbox):
    for _ in range(3):
        tasks.make_data_export(waiting.pk)
        tasks.send_data_export(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.attempts) == ("ready", 1)
    assert len(mailoutbox) == len(services.exports._stored_names()) == 1


def test_a_lost_message_is_made_up_for(waiting, mailoutbox, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        tasks.retry_waiting_privacy()

    waiting.refresh_from_db()
    assert waiting.status == "ready"
    assert len(mailoutbox) == 1


def test_what_a_dead_worker_left_is_taken_up_and_given_up_at_last(waiting):
    def die(minutes):
        long_ago = timezone.now() - timedelta(minutes=minutes)
        DataExport.objects.update(status="running", claimed_at=long_ago)
        return services.overdue_exports()

    assert die(minutes=9) == []
    assert die(minutes=11) == [waiting.pk]
    DataExport.objects.update(attempts=3)
    assert die(minutes=11) == []
    waiting.refresh_from_db()
    assert waiting.status == "failed"


def test_a_late_worker_changes_nothing_and_leaves_no_file(waiting, monkeypatch):
    """Another one took over while it was writing."""

    def take_over(user):
        DataExport.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))
        return []

    monkeypatch.setitem(exports._rows, "late", take_over)

    tasks.make_data_export(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.file.name) == ("running", "")
    assert services.exports._stored_names() == []


def test_a_file_that_no_row_knows_is_deleted_after_a_day(waiting, monkeypatch):
    tasks.make_data_export(waiting.pk)
    default_storage.save("exports/lost.zip", ContentFile(b"killed before it was noted"))

    services.delete_old_exports()
    assert len(services.exports._stored_names()) == 2
    tomorrow = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    DataExport.objects.update(ready_at=tomorrow)
    services.delete_old_exports()

    waiting.refresh_from_db()
    assert services.exports._stored_names() == [waiting.file.name]


def test_a_thousand_rows_take_no_more_queries(user, django_assert_num_queries):
    for number in (1, 20):
        for _ in range(number):
            services.begin_session(user, services.Device("192.0.2.1", "x"))
        with django_assert_num_queries(len(exports._rows) + 1):  # and which photos have files
            exports.write(user, BytesIO())
