from threading import Event

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from tests.factories import PASSWORD, UserFactory
from tests.together import let_someone_wait, run_together
from tests.users.answers import errors
from users import services
from users.models import TokenFamily, User

LIST = "/admin/users/user/"
NEW = "uma senha bem comprida"
HERE = services.Device("127.0.0.1", "Firefox <b>")


def page(user, name="change"):
    return f"{LIST}{user.pk}/{name}/"


def filled(user, **changes):
    return {
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "language": user.language,
        "travel_radius_km": user.travel_radius_km,
        **changes,
    }


@pytest.fixture
def manager(client, staff):
    """A client of staff who may change people, but are no superusers."""
    codes = ["view_user", "change_user"]
    staff.user_permissions.set(Permission.objects.filter(codename__in=codes))
    client.force_login(staff)
    return client


def test_new_account_signs_in_with_its_address_in_lower_case(admin_client):
    person = {"email": "Maria@Example.org", "first_name": "Maria", "language": "pt-br"}

    admin_client.post(f"{LIST}add/", {**person, "password1": NEW, "password2": NEW})

    user = User.objects.get(email="maria@example.org")
    assert user.check_password(NEW)
    assert services.sign_in("MARIA@example.org", NEW, HERE)


@pytest.mark.parametrize("email", ["ana@exämple.org", "Ana@EXÄMPLE.org", "ana@xn--exmple-cua.org"])
def test_address_with_another_alphabet_is_one_everywhere(admin_client, post, email):
    person = {"first_name": "Ana", "language": "pt-br", "password1": NEW, "password2": NEW}
    admin_client.post(f"{LIST}add/", {**person, "email": email})

    signed_in = post("token/", email="ana@exämple.org", password=NEW)
    again = admin_client.post(f"{LIST}add/", {**person, "email": "ana@exämple.org"})
    registered = post("users/register/", email="ana@exämple.org", password=NEW, first_name="Ana")

    assert signed_in.status_code == 200
    assert "email" in again.context["adminform"].form.errors
    assert errors(registered) == [("email", "unique")]


@pytest.mark.parametrize("spell", [str.upper, lambda email: f" {email} "])
def test_taken_address_is_an_error_of_its_field(admin_client, user, spell):
    person = {"email": spell(user.email), "first_name": "Maria", "language": "pt-br"}

    response = admin_client.post(f"{LIST}add/", {**person, "password1": NEW, "password2": NEW})

    assert "email" in response.context["adminform"].form.errors


@pytest.mark.parametrize("email", [f"{'a' * 240}@İİİİ.example.org", f"ana@{'ä' * 64}.org"])
def test_address_that_cannot_be_stored_is_an_error_of_its_field(admin_client, user, email):
    response = admin_client.post(page(user), filled(user, email=email))

    assert "email" in response.context["adminform"].form.errors


def test_new_address_is_unproven(admin_client, user):
    user.email_confirmed_at = timezone.now()
    user.save()

    admin_client.post(page(user), filled(user, email="Outro@example.org"))

    user.refresh_from_db()
    assert (user.email, user.email_confirmed_at) == ("outro@example.org", None)


def test_page_shows_no_password(admin_client, user):
    text = admin_client.get(page(user)).text

    assert user.password not in text
    assert user.password.split("$")[0] not in text
    assert page(user, "change_password") in text


def test_new_password_ends_all_sessions(admin_client, user):
    services.begin_session(user, HERE)

    link = admin_client.get(page(user, "change_password"))
    admin_client.post(link.url, {"password1": NEW, "password2": NEW})

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert not TokenFamily.objects.alive().exists()


def test_own_password_keeps_this_sign_in(admin_client, admin_user):
    services.begin_session(admin_user, HERE)
    passwords = {"old_password": "password", "new_password1": NEW, "new_password2": NEW}

    response = admin_client.post("/admin/password_change/", passwords, follow=True)

    assert response.redirect_chain == [("/admin/password_change/done/", 302)]
    assert not TokenFamily.objects.alive().exists()


def test_deactivated_account_is_signed_out(admin_client, user):
    services.begin_session(user, HERE)

    admin_client.post(page(user, "deactivate"), {"confirmed": "yes"})

    user.refresh_from_db()
    assert not user.is_active
    assert not TokenFamily.objects.alive().exists()


def test_several_accounts_are_opened_again(admin_client):
    closed = UserFactory.create_batch(2, is_active=False)
    chosen = {"action": "reactivate_selected", "_selected_action": [user.pk for user in closed]}

    admin_client.post(LIST, {**chosen, "confirmed": "yes"})

    assert not User.objects.filter(is_active=False).exists()


def test_session_is_ended_on_the_page_of_its_owner(admin_client, user):
    services.begin_session(user, HERE)
    other = services.begin_session(user, HERE)
    family = TokenFamily.objects.order_by("created_at").first()
    end = {"dataset": "SessionsTab", "action": "revoke", "_selected_action": [family.pk]}

    response = admin_client.post(page(user), end, follow=True)

    assert "Firefox &lt;b&gt;" in response.text
    assert TokenFamily.objects.alive().count() == 1
    assert services.refresh_session(other.refresh)


def test_nobody_deletes_people(admin_client, user):
    assert admin_client.post(page(user, "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_only_superusers_hand_out_powers(manager, user, power):
    manager.post(page(user), filled(user, first_name="Nova", **{power: "on"}))

    user.refresh_from_db()
    assert user.first_name == "Nova"
    assert not getattr(user, power)


@pytest.mark.parametrize("power", ["is_staff", "is_superuser"])
def test_who_has_powers_is_out_of_reach_of_who_has_no_more(manager, power):
    boss = UserFactory(**{power: True})
    services.begin_session(boss, HERE)
    chosen = {"action": "deactivate_selected", "_selected_action": [boss.pk], "confirmed": "yes"}
    end = {
        "dataset": "SessionsTab",
        "action": "revoke",
        "_selected_action": [boss.token_families.get().pk],
    }

    assert manager.post(page(boss), filled(boss, first_name="Nova")).status_code == 403
    assert manager.post(page(boss, "deactivate"), {"confirmed": "yes"}).status_code == 403
    assert manager.post(LIST, chosen).status_code == 403
    assert manager.get(page(boss, "password")).status_code == 403
    manager.post(page(boss), end)

    boss.refresh_from_db()
    assert boss.is_active
    assert boss.check_password(PASSWORD)
    assert TokenFamily.objects.alive().exists()


def test_nobody_agrees_to_the_leaderboard_for_somebody_else(admin_client, user):
    admin_client.post(page(user), filled(user, first_name="Nova", in_leaderboard="on"))

    user.refresh_from_db()
    assert (user.first_name, user.in_leaderboard) == ("Nova", False)


def test_staff_change_their_own_account(manager, staff):
    manager.post(page(staff), filled(staff, first_name="Nova"))

    staff.refresh_from_db()
    assert staff.first_name == "Nova"


@pytest.mark.parametrize("turn", [1, -1], ids=["last", "first"])
def test_when_one_account_is_out_of_reach_none_is_deactivated(manager, turn):
    people = [UserFactory(), UserFactory(is_staff=True)][::turn]
    joined_at = timezone.now()  # the same, so that the list is in the order of the ids
    User.objects.update(joined_at=joined_at)
    chosen = {"action": "deactivate_selected", "_selected_action": [user.pk for user in people]}

    assert manager.post(LIST, {**chosen, "confirmed": "yes"}).status_code == 403

    assert not User.objects.filter(is_active=False).exists()


def test_nobody_deactivates_their_own_account(admin_client, admin_user):
    UserFactory(is_superuser=True)

    response = admin_client.post(page(admin_user, "deactivate"), {"confirmed": "yes"}, follow=True)

    assert "Você não pode desativar a sua própria conta." in response.text
    admin_user.refresh_from_db()
    assert admin_user.is_active


def test_the_last_superuser_stays(admin_user):
    UserFactory(is_superuser=True, is_active=False)

    with pytest.raises(services.LastSuperuser):
        services.deactivate(admin_user)

    admin_user.refresh_from_db()
    assert admin_user.is_active


@pytest.mark.django_db(transaction=True)
def test_two_superusers_who_deactivate_each_other_leave_one():
    """Without the lock the second would not wait, and still find the other one open."""
    first, second = UserFactory.create_batch(2, is_superuser=True)
    is_closed = Event()

    def close():
        with transaction.atomic():
            services.deactivate(second)
            is_closed.set()
            let_someone_wait()

    def close_back():
        assert is_closed.wait(10)
        with pytest.raises(services.LastSuperuser):
            services.deactivate(first)

    run_together(close, close_back)

    assert User.objects.filter(is_active=True).count() == 1


def test_search_needs_no_accents(admin_client):
    UserFactory(first_name="José", last_name="Conceição", city="Belém")
    UserFactory(first_name="Ana")

    response = admin_client.get(LIST, {"q": "jose conceicao"})

    assert [user.first_name for user in response.context["cl"].result_list] == ["José"]


@pytest.mark.parametrize("number", [20, 100])
def test_list_needs_a_fixed_number_of_queries(admin_client, number, django_assert_num_queries):
    User.objects.bulk_create(UserFactory.build_batch(number, password="!"))
    admin_client.get(LIST)

    with django_assert_num_queries(6):
        admin_client.get(f"{LIST}?all=")
