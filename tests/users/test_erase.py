"""The end of a person's data: who they were is gone, what they did still counts."""

from datetime import date, timedelta
from decimal import Decimal
from threading import Event as ThreadEvent

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, models, transaction
from django.db.models import Sum
from django.utils import timezone
from pghistory.models import Event as HistoryEvent

from config.models import DeadLetter, IdempotentAnswer
from events.models import CommentFlag, EventReport, PhotoFlag
from tests.factories import (
    PASSWORD,
    CommentFactory,
    ParticipantFactory,
    PastEventFactory,
    PhotoFactory,
    PledgeFactory,
    ResourceFactory,
    UserFactory,
)
from tests.together import let_someone_wait, run_together
from tests.users.answers import errors
from tests.users.copies import stored_copies
from users import exports, mail_tokens, services, tasks
from users.admin.people import UserAdmin
from users.models import (
    Contribution,
    ContributionTotal,
    DataExport,
    Erasure,
    LoginAttempt,
    TokenFamily,
    User,
)
from users.serializers import ProfileSerializer
from users.services.erasure import ERASED

ME = "/api/v1/users/profile/"
HERE = services.Device("192.0.2.1", "Firefox")
WORDS = ("Iracema", "Tabajara", "iracema", "987654321", "violeta", "Ipu")
# Fields of a person that tell nobody who it is. A new field is named here, or in ERASED.
KEPT = {
    *("id", "language", "joined_at", "welcomed_at", "welcome_attempts"),
    *("password_mail_attempts", "token_version"),
}
# What points at a person and may stay, since it says what was done, not who did it.
STAYS = {
    *("users.Contribution.user", "users.ContributionTotal.user"),
    *("users.Erasure.user", "users.Erasure.by"),
    *("events.Event.organizer", "events.Event.co_organizers", "events.Event_co_organizers.user"),
    *("events.EventParticipant.user", "events.EventParticipant.checked_in_by"),
    "events.EventParticipant.checked_out_by",
    "admin.LogEntry.user",
    *("users.UserStatistics.user", "users.BadgeAward.user"),
    *("users.UserImport.uploaded_by", "users.Export.exported_by"),
    *("events.EventSeries.organizer", "events.Waiver.created_by", "events.WaiverAcceptance.user"),
    *("events.CheckInScan.noted_by", "events.EventMail.written_by"),
    *("events.EventPhoto.uploader", "events.EventPhoto.decided_by", "events.PhotoFlag.user"),
    *("events.EventComment.author", "events.EventComment.decided_by", "events.CommentFlag.user"),
    *("events.EventResource.offered_by", "events.EventReport.decided_by"),
    *("events.EventReport.submitted_by", "events.EventComment.deleted_by"),
    *("events.ReportContribution.user", "events.ReportContribution.decided_by"),
    *("leads.LeadNote.author", "leads.LeadStageChange.changed_by", "leads.LeadMerge.merged_by"),
    *("leads.Message.staff", "leads.Document.added_by", "leads.LeadImport.uploaded_by"),
    "leads.BulkMessage.written_by",
}
DELETED = {
    *("users.TokenFamily.user", "users.DataExport.user", "users.NotificationPreference.user"),
    *("users.User_groups.user", "users.User_user_permissions.user", "users.User.groups"),
    *("token_blacklist.OutstandingToken.user", "events.EventNotification.user"),
    *("events.CalendarFeed.user", "events.Digest.user", "events.ToldEvent.user"),
    *("leads.Lead.user", "leads.Lead.assigned_to", "leads.Conversation.assigned_to"),
    "leads.DutyShift.staff",
}
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_copies")]


@pytest.fixture
def person():
    """Somebody of whom everything is known."""
    person = UserFactory(
        email="iracema@example.org",
        first_name="Iracema",
        last_name="Tabajara",
        phone="+5588987654321",
        bio="Gosto de violetas.",
        city="Ipu",
        latitude=-4.3,
        longitude=-40.7,
        birth_date=date(1990, 5, 1),
        pending_email="iracema.nova@example.org",
        is_public=True,
    )
    services.record_contribution(
        person.pk,
        kind="hours",
        amount=Decimal("7.5"),
        source=f"event:1:user:{person.pk}:1",
        happened_at=timezone.now(),
    )
    return person


@pytest.fixture
def erase(client_of):
    def send(user, **body):
        return client_of(user).delete(ME, body or {"current_password": PASSWORD})

    return send


def sums():
    return (
        list(ContributionTotal.objects.order_by("pk").values()),
        list(Contribution.objects.order_by("pk").values()),
        Contribution.objects.aggregate(Sum("amount")),
    )


def whole_database():
    """All text of all tables."""
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names():
            cursor.execute(f'SELECT "{name}"::text FROM "{name}"')
            yield from (row[0] for row in cursor.fetchall())


def test_nothing_tells_any_more_who_it_was(person, erase, client_of, post):
    services.begin_session(person, HERE)
    post("token/", email=person.email, password="wrong")
    services.change_wishes(person, {"news": {"email": False}})
    person.groups.add(Group.objects.create(name="Moderação"))
    person.user_permissions.add(Permission.objects.first())
    client_of(person).post("/api/v1/users/email/confirm/send/", headers={"Idempotency-Key": "a"})
    IdempotentAnswer.objects.update_or_create(
        owner=f"user:{person.pk}", key="b", defaults={"body": person.email, "fingerprint": "x"}
    )
    DeadLetter.objects.create(task="x", task_id="x", args=[person.pk, person.email, ""])
    LogEntry.objects.log_actions(
        person.pk, User.objects.filter(pk=person.pk), CHANGE, "Iracema", single_object=True
    )

    assert erase(person).status_code == 204
    Erasure.objects.update(farewell_to="")  # as when the mail is sent

    found = {(word, row) for row in whole_database() for word in WORDS if word in row}
    assert found == set()


def test_no_word_of_theirs_is_left_at_events(person, admin_user):
    """Whatever people may write is planted here; the events themselves stay as they were told."""
    words = "Iracema Tabajara"
    past = PastEventFactory(organizer=person)
    EventReport.objects.create(event=past, summary=words, submitted_by=person)
    ParticipantFactory(event=past, user=person)
    photo = PhotoFactory(uploader=person, caption=words, event=past)
    PhotoFactory(uploader=person, status="removed", image="", thumbnail="", reason=f"{words}, não!")
    PhotoFlag.objects.create(photo=PhotoFactory(), user=person, reason="shows_me", note=words)
    comment = CommentFactory(author=person, text=words)
    CommentFlag.objects.create(comment=CommentFactory(), user=person, reason=words)
    report = EventReport.objects.create(event=PastEventFactory())
    report.contributions.create(
        user=person, kind="waste", amount=1, status="rejected", reason=words
    )
    rides = [
        ResourceFactory(kind="ride", offered_by=person, event=event, name=words, description=words)
        for event in (past, ParticipantFactory(user=person).event)
    ]
    PledgeFactory(resource=rides[1])
    for row in (photo, comment, rides[0]):
        LogEntry.objects.log_actions(
            admin_user.pk, type(row).objects.filter(pk=row.pk), CHANGE, words, single_object=True
        )

    services.erase(person)
    Erasure.objects.update(farewell_to="")

    found = {(word, row) for row in whole_database() for word in WORDS if word in row}
    assert found == set()


def test_what_a_team_reported_stays(person):
    event = PastEventFactory(organizer=person)
    event.co_organizers.add(UserFactory())
    EventReport.objects.create(event=event, summary="Foi lindo.", submitted_by=person)

    services.erase(person)

    assert EventReport.objects.get().summary == "Foi lindo."


def test_the_account_is_closed_and_nobody(person, erase):
    erase(person)

    person.refresh_from_db()
    assert person.email == f"erased-{person.pk}@erased.invalid"
    assert person.name == "Conta apagada"
    assert {name: getattr(person, name) for name in ERASED} == ERASED
    assert not person.has_usable_password()
    assert not TokenFamily.objects.exists()
    assert not LoginAttempt.objects.exists()


def test_the_ledger_and_all_totals_stay_equal(person, erase):
    before = sums()

    erase(person)

    assert sums() == before
    call_command("recount")
    assert sums() == before


def test_every_field_of_a_person_is_decided_about():
    fields = [one for one in User._meta.concrete_fields if not isinstance(one, models.FileField)]

    assert {one.name for one in fields} == {*ERASED, *KEPT, "email", "first_name", "password"}


def test_whatever_points_at_a_person_is_decided_about():
    """A new relation is named above: it stays, or its app's `forget` deletes it."""
    found = {
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models(include_auto_created=True)
        for field in [*model._meta.concrete_fields, *model._meta.many_to_many]
        if field.related_model is User and not model._meta.proxy and field.model is model
    }

    assert {name for name in found if "History" not in name} <= STAYS | DELETED


def test_no_history_holds_what_a_person_is_called():
    """Of people only ids are in the history of events, so there is nothing to anonymise."""
    tracked = {
        getattr(model, "pgh_tracked_model", None)
        for model in apps.get_models()
        if issubclass(model, HistoryEvent) and not model._meta.abstract
    }

    assert tracked
    assert User not in tracked


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"current_password": "wrong"}, "current_password", "wrong_password"),
        ({"token": "wrong"}, "token", "invalid_token"),
        ({}, "non_field_errors", "proof"),
        ({"token": "x", "current_password": PASSWORD}, "non_field_errors", "proof"),
    ],
)
def test_without_proof_nothing_happens(api, user, body, attr, code):
    response = api.delete(ME, body)

    assert response.status_code == 400
    assert errors(response)[0][0] == attr
    user.refresh_from_db()
    assert user.is_active


def test_a_sign_in_link_proves_it_too_and_only_ones_own(user, erase):
    other = UserFactory()
    link, foreign = (mail_tokens.make(mail_tokens.Purpose.SIGN_IN, one) for one in (user, other))

    assert erase(user, token=foreign).status_code == 400
    assert erase(user, token=link).status_code == 204

    user.refresh_from_db()
    other.refresh_from_db()
    assert (user.is_active, other.is_active) == (False, True)


def test_an_access_token_dies_with_the_account(user, sign_in, bearer):
    here = bearer(sign_in(user))

    assert here.delete(ME, {"current_password": PASSWORD}).status_code == 204

    assert here.get(ME).status_code == 401


def test_the_address_is_free_again(person, erase, post):
    erase(person)

    answer = post("users/register/", email=person.email, password=PASSWORD, first_name="Iracema")

    assert answer.status_code == 201
    assert answer.json()["id"] != person.pk


def test_the_address_hears_of_it_and_is_forgotten(
    person, erase, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        erase(person)

    [mail] = mailoutbox
    assert mail.to == ["iracema@example.org"]
    assert "apagada" in mail.subject
    assert Erasure.objects.get().farewell_to == ""


def test_a_lost_farewell_is_sent_later_and_given_up_at_last(person, erase, mailoutbox):
    erase(person)
    Erasure.objects.update(erased_at=timezone.now() - timedelta(minutes=2))

    tasks.retry_waiting_privacy()
    tasks.retry_waiting_privacy()
    assert len(mailoutbox) == 1

    Erasure.objects.update(farewell_to="gone@example.org", mail_attempts=5)
    tasks.retry_waiting_privacy()
    assert Erasure.objects.get().farewell_to == ""


def test_ready_copies_are_deleted_with_it(person, erase, django_capture_on_commit_callbacks):
    export = services.request_export(person)
    services.make_export(export.pk)
    name = DataExport.objects.get().file.name

    with django_capture_on_commit_callbacks(execute=True):
        erase(person)

    assert not default_storage.exists(name)
    assert not DataExport.objects.exists()


def test_erased_in_the_middle_of_a_copy_its_file_is_deleted(person, monkeypatch):
    export = services.request_export(person)

    def erase(user):
        services.erase(user)
        return []

    monkeypatch.setitem(exports._rows, "middle", erase)
    tasks.make_data_export(export.pk)

    assert not DataExport.objects.exists()
    assert stored_copies() == []


@pytest.mark.django_db(transaction=True)
def test_a_copy_that_ends_during_the_erasure_leaves_no_file(monkeypatch):
    user = UserFactory()
    export = DataExport.objects.create(user=user)
    is_written, is_locked = ThreadEvent(), ThreadEvent()

    def write(user):
        is_written.set()
        is_locked.wait(10)
        return []

    def forget(user):
        is_locked.set()
        let_someone_wait()  # the other one, to note its file

    def erase():
        is_written.wait(10)
        services.erase(user)

    monkeypatch.setitem(exports._rows, "end", write)
    monkeypatch.setattr(services.erasure, "_forget_sign_ins", forget)
    run_together(lambda: services.make_export(export.pk), erase)

    assert not DataExport.objects.exists()
    assert stored_copies() == []


def test_files_wait_until_they_are_deleted(person, monkeypatch):
    name = default_storage.save("avatars/me.jpg", ContentFile(b"picture"))
    file = DataExport(file=name).file
    monkeypatch.setattr(exports, "stored_files", lambda user: [("me.jpg", file)])
    services.erase(person)
    Erasure.objects.update(erased_at=timezone.now() - timedelta(minutes=2))
    assert default_storage.exists(name)

    tasks.retry_waiting_privacy()

    assert not default_storage.exists(name)
    assert Erasure.objects.get().files == []


def test_it_happens_once(person):
    services.erase(person)
    before = User.objects.values().get()

    services.erase(person, reason="again")

    assert User.objects.values().get() == before
    assert Erasure.objects.get().reason == ""


def test_the_last_superuser_stays(erase):
    boss = UserFactory(is_superuser=True)

    response = erase(boss)

    assert response.status_code == 409
    assert errors(response) == [(None, "last_superuser")]
    boss.refresh_from_db()
    assert boss.is_active


@pytest.mark.django_db(transaction=True)
def test_two_superusers_who_erase_themselves_leave_one():
    """Without the lock the second would not wait, and still find the other one open."""
    first, second = UserFactory.create_batch(2, is_superuser=True)
    is_gone = ThreadEvent()

    def end():
        with transaction.atomic():
            services.erase(first)
            is_gone.set()
            let_someone_wait()

    def end_too():
        assert is_gone.wait(10)
        with pytest.raises(services.LastSuperuser):
            services.erase(second)

    run_together(end, end_too)

    assert User.objects.filter(is_active=True, is_superuser=True).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_erasures_at_once_are_one():
    user = UserFactory()

    run_together(*[lambda: services.erase(user)] * 4)

    assert Erasure.objects.count() == 1


@pytest.mark.parametrize(
    "act",
    [
        lambda user: services.change_profile(user, {"bio": "Iracema"}),
        lambda user: services.request_email_change(user, "iracema@example.org"),
        lambda user: services.begin_session(user, HERE),
    ],
    ids=["profile", "address", "sign-in"],
)
@pytest.mark.django_db(transaction=True)
def test_what_waits_for_the_erasure_finds_the_account_closed(act, monkeypatch):
    """Without the lock it would be written on the row of nobody."""
    user, is_locked = UserFactory(), ThreadEvent()
    anonymise = services.erasure._anonymise

    def wait(user):
        anonymise(user)
        is_locked.set()
        let_someone_wait()

    def late():
        assert is_locked.wait(10)
        with pytest.raises(services.AccountClosed):
            act(user)

    monkeypatch.setattr(services.erasure, "_anonymise", wait)
    run_together(lambda: services.erase(user), late)

    user.refresh_from_db()
    assert (user.bio, user.pending_email, user.last_login) == ("", "", None)
    assert not TokenFamily.objects.exists()


def test_a_change_of_the_profile_after_the_account_was_closed_says_so(api, user, monkeypatch):
    """Closed between the check of the token and the change."""
    check = ProfileSerializer.validate

    def close(serializer, attrs):
        services.erase(user)
        return check(serializer, attrs)

    monkeypatch.setattr(ProfileSerializer, "validate", close)

    response = api.patch(ME, {"bio": "Iracema"})

    assert (response.status_code, errors(response)) == (409, [(None, "account_closed")])


def test_an_old_form_of_staff_brings_nobody_back(admin_client, person):
    page = f"/admin/users/user/{person.pk}"
    form = admin_client.get(f"{page}/change/").context["adminform"].form
    old = {name: "" if value is None else value for name, value in form.initial.items()}
    passwords = {"password1": "uma senha bem comprida", "password2": "uma senha bem comprida"}
    services.erase(person)

    answers = [
        admin_client.post(f"{page}/change/", old),
        admin_client.post(f"/admin/users/user/{person.pk}/password/", passwords),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    person.refresh_from_db()
    assert person.email == f"erased-{person.pk}@erased.invalid"
    assert not person.has_usable_password()


def test_a_form_of_staff_that_was_checked_before_the_erasure_is_not_written_after(
    admin_client, person, monkeypatch
):
    save, page = UserAdmin.save_form, f"/admin/users/user/{person.pk}/change/"
    form = admin_client.get(page).context["adminform"].form
    old = {name: "" if value is None else value for name, value in form.initial.items()}

    def erase_then_save(*args, **how):
        services.erase(User.objects.get(pk=person.pk))
        return save(*args, **how)

    monkeypatch.setattr(UserAdmin, "save_form", erase_then_save)

    assert admin_client.post(page, old).status_code == 403


def test_staff_erase_with_a_reason(admin_client, admin_user, person):
    page = f"/admin/users/user/{person.pk}/erase/"
    asked = admin_client.get(page)
    admin_client.post(page, {"confirmed": "yes"})
    assert not Erasure.objects.exists()

    admin_client.post(page, {"confirmed": "yes", "reason": "Pedido por carta"})

    erasure = Erasure.objects.get()
    assert "Apagar os dados" in asked.text
    assert (erasure.user, erasure.by, erasure.reason) == (person, admin_user, "Pedido por carta")
    assert "Pedido por carta" in admin_client.get("/admin/users/erasure/").text


def test_staff_may_neither_reopen_it_nor_erase_themselves(admin_client, admin_user, person):
    services.erase(person)
    with pytest.raises(services.AccountErased):
        services.reactivate(person)

    own = admin_client.post(
        f"/admin/users/user/{admin_user.pk}/erase/",
        {"confirmed": "yes", "reason": "x"},
        follow=True,
    )

    assert "no seu perfil" in own.text
    assert (
        f"{person.pk}/erase/" not in admin_client.get(f"/admin/users/user/{person.pk}/change/").text
    )
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_it_takes_a_permission_of_its_own(client, staff, person):
    codes = ["view_user", "change_user"]
    staff.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(staff)

    response = client.post(
        f"/admin/users/user/{person.pk}/erase/", {"confirmed": "yes", "reason": "x"}
    )

    assert response.status_code == 403
    assert not Erasure.objects.exists()
