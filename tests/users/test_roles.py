from functools import partial
from io import StringIO

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from config.models import DeadLetter
from events.models import EventNotification
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users import roles
from users import services as users
from users.models import Contribution

PAGES = {
    "events/event": {"administrator", "moderator", "organizer-support", "read-only"},
    "events/eventparticipant": {"administrator", "moderator", "organizer-support", "read-only"},
    "events/eventnotification": {"administrator", "organizer-support", "read-only"},
    "users/user": {"administrator", "moderator", "organizer-support", "read-only"},
    "users/contribution": {"administrator", "moderator", "organizer-support", "read-only"},
    "users/loginattempt": {"administrator"},
    "leads/lead": {"administrator", "organizer-support", "read-only"},
    "leads/leadimport": {"administrator"},
    "leads/sequence": {"administrator", "organizer-support", "read-only"},
    "leads/followup": {"administrator", "organizer-support", "read-only"},
    "leads/bulkmessage": {"administrator", "organizer-support", "read-only"},
    "leads/dutyshift": {"administrator", "organizer-support", "read-only"},
    "auth/group": {"administrator"},
    "leads/document": {"administrator", "organizer-support", "read-only"},
    "config/deadletter": {"administrator", "read-only"},
    "django_celery_beat/periodictask": {"administrator"},
}
ADDING = {
    "events/event": {"administrator", "organizer-support"},
    "events/eventcategory": {"administrator"},
    "users/user": {"administrator"},
    "leads/document": {"administrator", "organizer-support"},
    "leads/sequence": {"administrator"},
    "leads/dutyshift": {"administrator"},
    "auth/group": set(),
}


def permissions():
    pairs = Group.objects.values_list("name", "permissions__codename", "permissions__pk")
    return sorted(pairs, key=str)


def test_seeding_twice_changes_nothing(seeded):
    before = permissions()

    call_command("seed_roles", stdout=StringIO())

    assert permissions() == before
    assert Group.objects.count() == 4


def test_seeding_mends_a_role_and_leaves_other_groups_alone(seeded):
    own = Group.objects.create(name="Plantio")
    permission = Permission.objects.get(codename="delete_event")
    for group in (own, Group.objects.get(name="read-only")):
        group.permissions.add(permission)

    call_command("seed_roles", stdout=StringIO())

    assert own.permissions.get() == permission
    assert not Group.objects.get(name="read-only").permissions.filter(pk=permission.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_starts_at_once_make_each_role_once():
    run_together(*[partial(call_command, "seed_roles", stdout=StringIO()) for _ in range(4)])

    assert Group.objects.count() == 4


def test_every_line_about_a_model_that_exists_gives_its_permissions(seeded):
    shown = {model._meta.label_lower for model in admin.site._registry}

    for role, lines in roles.ROLES.items():
        given = set(Group.objects.get(name=role).permissions.values_list("codename", flat=True))
        for model, actions in lines.items():
            if model in shown:
                name = model.split(".")[1]
                assert {f"{action}_{name}" for action in actions.split()} <= given, (role, model)


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_sees_its_lists_and_no_others(client_in, role):
    client = client_in(role)

    home = client.get("/admin/").text

    for page, allowed in PAGES.items():
        status = client.get(f"/admin/{page}/").status_code
        assert status == (200 if role in allowed else 403), page
        assert (f'href="/admin/{page}/"' in home) == (role in allowed), page


@pytest.mark.parametrize("role", roles.ROLES)
def test_a_role_adds_only_what_it_may(client_in, role):
    client = client_in(role)

    for page, allowed in ADDING.items():
        status = client.get(f"/admin/{page}/add/").status_code
        assert status == (200 if role in allowed else 403), page


@pytest.fixture
def rows(db):
    """What commands are about, each in the state that the command needs."""
    place = ParticipantFactory(event=EventFactory(starts_at=timezone.now()))
    mail = EventNotification.objects.create(
        event=place.event, user=place.user, kind="joined", version="1", failed_at=timezone.now()
    )
    line = users.record_contribution(
        place.user_id, kind="hours", amount=3, source="x", happened_at=timezone.now()
    )
    letter = DeadLetter.objects.create(task="a", task_id="1", reason="failed")
    return {"draft": EventFactory(status="draft"), "rows": [place, mail, line, letter, place.user]}


def state_of(row):
    row.refresh_from_db()
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_who_only_looks_cannot_post_any_command(client_in, rows):
    client = client_in("read-only")
    all_rows = [*rows["rows"], rows["rows"][0].event, rows["draft"]]
    before = [state_of(row) for row in all_rows]

    for row in all_rows:
        page = admin.site._registry[type(row)]
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        answer = {"confirmed": "yes", "reason": "Sim", "post": "yes"}
        for action in page.actions or []:
            chosen = {"action": action, "_selected_action": [row.pk]}
            client.post(reverse(f"{name}_changelist"), {**chosen, **answer})
        for command in page.actions_detail or []:
            path = f"{reverse(f'{name}_change', args=[row.pk])[: -len('change/')]}{command}/"
            assert client.post(path, answer).status_code in (302, 403), path
        for verb in ("change", "delete"):
            status = client.post(reverse(f"{name}_{verb}", args=[row.pk]), answer).status_code
            assert status == 403, (name, verb)
        assert client.post(reverse(f"{name}_add"), answer).status_code == 403

    assert [state_of(row) for row in all_rows] == before
    assert Contribution.objects.count() == 1


def test_support_publishes_an_event_but_closes_no_account(client_in, rows):
    client = client_in("organizer-support")

    client.post(f"/admin/events/event/{rows['draft'].pk}/publish/", {"confirmed": "yes"})
    person = rows["rows"][-1]
    closing = client.post(f"/admin/users/user/{person.pk}/deactivate/", {"confirmed": "yes"})

    rows["draft"].refresh_from_db()
    person.refresh_from_db()
    assert rows["draft"].status == "published"
    assert closing.status_code == 403
    assert person.is_active


def test_an_administrator_hands_out_no_powers(client_in):
    client = client_in("administrator")
    person = UserFactory()
    filled = {
        "email": person.email,
        "first_name": "Nova",
        "language": "pt-br",
        "travel_radius_km": 25,
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [Group.objects.get(name="administrator").pk],
    }

    client.post(f"/admin/users/user/{person.pk}/change/", filled)

    person.refresh_from_db()
    assert person.first_name == "Nova"
    assert not any([person.is_staff, person.is_superuser, person.groups.exists()])


def test_roles_are_shown_but_not_edited(admin_client, seeded):
    group = Group.objects.get(name="read-only")
    page = f"/admin/auth/group/{group.pk}"

    assert "só olha" in admin_client.get("/admin/auth/group/").text
    assert admin_client.get(f"{page}/change/").status_code == 200
    assert admin_client.post(f"{page}/change/", {"name": "Outro"}).status_code == 403
    assert admin_client.post(f"{page}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [("administrator", 200), ("organizer-support", 200), ("moderator", 403), ("read-only", 403)],
)
def test_the_api_grants_staff_no_more_than_their_role(client_of, seeded, role, status):
    staff = UserFactory(is_staff=True)
    staff.groups.add(Group.objects.get(name=role))
    event = EventFactory(status="draft")

    response = client_of(staff).post(f"/api/v1/events/{event.pk}/publish/")

    assert response.status_code == status
