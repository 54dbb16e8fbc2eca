"""A copy of one's own data: asked for, made by a task, fetched for a day."""

import json
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.images import Picture
from config.tasks import clean_files
from events import services as services_of_events
from events.models import CommentFlag, EventReport
from tests.factories import (
    CommentFactory,
    EventFactory,
    ParticipantFactory,
    UserFactory,
    VisitorFactory,
)
from tests.pictures import opened, picture
from tests.together import run_together
from tests.users.answers import token_in
from tests.users.copies import stored_copies
from users import exports, services, tasks
from users.models import DataExport, User

URL = "/api/v1/users/profile/export/"
NOT_COPIED = {
    # What they did about others, as staff or organizers.
    *("events.EventParticipant.checked_in_by", "events.EventParticipant.checked_out_by"),
    *("events.CheckInScan.noted_by", "events.Waiver.created_by", "events.EventMail.written_by"),
    *("events.EventPhoto.decided_by", "events.EventComment.decided_by"),
    *("events.EventComment.deleted_by", "events.EventReport.decided_by"),
    "events.ReportContribution.decided_by",
    *("users.UserImport.uploaded_by", "users.Export.exported_by", "users.Erasure.by"),
    *("leads.Lead.assigned_to", "leads.LeadNote.author", "leads.LeadStageChange.changed_by"),
    *("leads.LeadMerge.merged_by", "leads.LeadImport.uploaded_by", "leads.DutyShift.staff"),
    *("leads.Conversation.assigned_to", "leads.Message.staff", "leads.Document.added_by"),
    "leads.BulkMessage.written_by",
    "admin.LogEntry.user",
    # Of whom it is of, there is no copy any more.
    "users.Erasure.user",
    # Nobody is given any; what staff may do, roles say.
    "users.User_user_permissions.user",
    # The ids of tokens, whose sessions are in it.
    "token_blacklist.OutstandingToken.user",
}
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


def test_photos_are_in_it_as_files(user, ask, disk):
    photo = services_of_events.add_photo(
        EventFactory(), user, picture=Picture(opened(picture())), stage="during", caption="A horta"
    )

    ask(user)

    with DataExport.objects.get().file.open() as file, ZipFile(file) as archive:
        assert archive.read(f"event_photos/{photo.pk}.jpg").startswith(b"\xff\xd8")
        assert json.loads(archive.read("event_photos.json"))[0]["caption"] == "A horta"


def test_whatever_points_at_a_person_is_in_it(user):
    """A new relation is in the copy, or named above with what it is about instead."""
    with CaptureQueriesContext(connection) as captured:
        exports.write(user, BytesIO())
    asked = " ".join(query["sql"] for query in captured)

    missing = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if field.related_model is User and not model._meta.proxy and field.model is model
        if f'"{model._meta.db_table}"."{field.column}" = {user.pk}' not in asked
    }
    assert {name for name in missing if "History" not in name} == NOT_COPIED


def test_what_only_a_seat_leads_to_is_in_it_too(user, ask):
    place = VisitorFactory(user=user)
    place.certificates.create(hours=3)
    place.scans.create(direction="in", nonce="a")
    CommentFlag.objects.create(comment=CommentFactory(), user=user, reason="Ofende.")
    EventReport.objects.create(event=place.event, submitted_by=user, summary="Foi lindo.")

    ask(user)

    copy = content(DataExport.objects.get())
    assert [row["hours"] for row in copy["certificates.json"]] == ["3.00"]
    assert [row["direction"] for row in copy["check_in_scans.json"]] == ["in"]
    assert [row["reason"] for row in copy["comment_flags.json"]] == ["Ofende."]
    assert [row["summary"] for row in copy["submitted_reports.json"]] == ["Foi lindo."]


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
    assert len(mailoutbox) == len(stored_copies()) == 1


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


@pytest.mark.parametrize(
    ("language", "subject"),
    [("pt-br", "Não foi possível copiar os seus dados"), ("en", "Your data could not be copied")],
)
def test_who_gets_no_copy_is_told_once(waiting, user, mailoutbox, caplog, language, subject):
    User.objects.update(language=language)
    long_ago = timezone.now() - timedelta(minutes=11)
    DataExport.objects.update(status="running", attempts=3, claimed_at=long_ago)

    tasks.retry_waiting_privacy()
    tasks.retry_waiting_privacy()

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([user.email], subject)
    assert "were given up: 1." in caplog.text
    assert user.email not in caplog.text


def test_a_closed_account_is_not_told_of_it(waiting, user, mailoutbox):
    DataExport.objects.update(status="failed")
    services.deactivate(user)

    tasks.send_data_export(waiting.pk)

    assert mailoutbox == []


def test_a_late_worker_changes_nothing_and_leaves_no_file(waiting, monkeypatch):
    """Another one took over while it was writing."""

    def take_over(user):
        DataExport.objects.update(claimed_at=timezone.now() + timedelta(seconds=1))
        return []

    monkeypatch.setitem(exports._rows, "late", take_over)

    tasks.make_data_export(waiting.pk)

    waiting.refresh_from_db()
    assert (waiting.status, waiting.file.name) == ("running", "")
    assert stored_copies() == []


def test_a_file_that_no_row_knows_is_deleted_after_a_day(waiting, monkeypatch):
    tasks.make_data_export(waiting.pk)
    default_storage.save("exports/lost.zip", ContentFile(b"killed before it was noted"))

    clean_files()
    assert len(stored_copies()) == 2
    tomorrow = timezone.now() + timedelta(hours=25)
    monkeypatch.setattr("django.utils.timezone.now", lambda: tomorrow)
    clean_files()

    waiting.refresh_from_db()
    assert stored_copies() == [waiting.file.name]


def test_a_thousand_rows_take_no_more_queries(user, django_assert_num_queries):
    for number in (1, 20):
        for _ in range(number):
            services.begin_session(user, services.Device("192.0.2.1", "x"))
        with django_assert_num_queries(len(exports._rows) + 1):  # and which photos have files
            exports.write(user, BytesIO())
