"""What people want to hear of, and how they switch off what they do not."""

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, transaction
from django.test import Client

from tests.factories import UserFactory
from tests.together import run_together
from tests.users.answers import errors
from users import services, unsubscribing
from users.models import NotificationPreference, User

URL = "/api/v1/users/profile/notifications/"
Kind = NotificationPreference.Kind
pytestmark = pytest.mark.django_db


@pytest.fixture
def mail_program():
    """Knows no cookies and is checked like a browser."""
    return Client(enforce_csrf_checks=True)


def path_of(user, kind=Kind.DIGEST):
    return unsubscribing.link(user, kind).removeprefix(settings.SITE_URL)


def test_at_first_everything_comes(api):
    response = api.get(URL)

    assert response.status_code == 200
    assert response.json() == {
        kind: {"email": True} for kind in (*Kind.values, "security", "cancellations")
    }


def test_what_is_switched_off_stays_off_and_the_rest_as_it_was(api, user):
    api.patch(URL, {"digest": {"email": False}})
    response = api.patch(URL, {"news": {"email": False}, "comments": {"email": True}})

    wishes = response.json()
    assert {kind for kind in wishes if not wishes[kind]["email"]} == {"digest", "news"}
    assert not services.wants(user, Kind.NEWS)
    assert services.wants(user, Kind.COMMENTS)
    assert services.wants(UserFactory(), Kind.NEWS)


def test_and_is_switched_on_again(api, user):
    api.patch(URL, {"digest": {"email": False}})
    api.patch(URL, {"digest": {"email": True}})

    assert services.wants(user, Kind.DIGEST)


@pytest.mark.parametrize("kind", ["security", "cancellations"])
def test_what_protects_people_cannot_be_switched_off(api, user, kind):
    response = api.patch(URL, {"news": {"email": False}, kind: {"email": False}})

    assert response.status_code == 409
    assert errors(response) == [(kind, "cannot_be_switched_off")]
    assert services.wants(user, Kind.NEWS)
    assert api.patch(URL, {kind: {"email": True}}).status_code == 200


@pytest.mark.parametrize("kind", Kind.values)
def test_every_kind_is_switched_off_by_its_name(api, user, kind):
    assert api.patch(URL, {kind: {"email": False}}).json()[kind] == {"email": False}

    assert not services.wants(user, kind)


@pytest.mark.parametrize(
    ("wishes", "attr"),
    [
        ({"reminder": {"email": False}}, "reminder"),
        ({"news": {"email": False, "sms": True}}, "news.sms"),
    ],
)
def test_what_is_not_known_is_refused_and_changes_nothing(api, user, wishes, attr):
    response = api.patch(URL, {"digest": {"email": False}, **wishes})

    assert (response.status_code, errors(response)) == (400, [(attr, "unknown")])
    assert not user.notification_preferences.exists()


@pytest.mark.parametrize("value", [{}, {"sms": True}, {"email": None}, {"email": "perhaps"}, [], 1])
def test_nonsense_is_refused_by_name(api, user, value):
    response = api.patch(URL, {"news": value})

    assert response.status_code == 400
    assert errors(response)[0][0].startswith("news")
    assert not user.notification_preferences.exists()


def test_it_is_ones_own_affair(anonymous):
    assert anonymous.get(URL).status_code == 401
    assert anonymous.patch(URL, {"news": {"email": False}}).status_code == 401


def test_reading_and_writing_take_one_and_two_queries(api, django_assert_num_queries):
    with django_assert_num_queries(1):
        api.get(URL)
    with django_assert_num_queries(4):  # a transaction of one statement, and the answer
        api.patch(URL, {kind: {"email": False} for kind in Kind.values})


def test_a_preference_is_one_row(user):
    user.notification_preferences.create(kind="news", channel="email", is_wanted=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        user.notification_preferences.create(kind="news", channel="email", is_wanted=False)


def test_who_wants_a_kind_is_found_among_many():
    keen, tired, other = UserFactory.create_batch(3)
    services.change_wishes(tired, {"news": {"email": False}})
    services.change_wishes(keen, {"news": {"email": True}, "digest": {"email": False}})

    assert set(User.objects.wanting("news")) == {keen, other}


@pytest.mark.django_db(transaction=True)
def test_many_changes_at_once_end_in_one_state():
    user = UserFactory()
    kinds = list(Kind.values)

    def change(order, is_wanted):
        services.change_wishes(user, {kind: {"email": is_wanted} for kind in order})

    run_together(*[lambda: change(kinds, True)] * 4, *[lambda: change(reversed(kinds), False)] * 4)

    assert user.notification_preferences.count() == len(kinds)
    assert user.notification_preferences.values("is_wanted").distinct().count() == 1


def test_the_link_of_a_mail_needs_no_sign_in_and_shows_a_button_first(user, mail_program):
    page = mail_program.get(path_of(user))

    assert page.status_code == 200
    assert "<button" in page.text
    assert "eventos perto de mim" in page.text
    assert user.email not in page.text
    assert services.wants(user, Kind.DIGEST)


@pytest.mark.parametrize("body", [{"List-Unsubscribe": "One-Click"}, {}, {"token": "other"}])
def test_one_post_switches_it_off_however_often(user, mail_program, body):
    for _ in range(2):
        answer = mail_program.post(path_of(user), body)

        assert answer.status_code == 200
        assert 'role="status"' in answer.text
    assert not services.wants(user, Kind.DIGEST)
    assert services.wants(user, Kind.NEWS)


def test_the_link_works_for_years(user, mail_program):
    link = path_of(user)

    with time_machine.travel("2046-11-26"):
        mail_program.post(link)

    assert not services.wants(user, Kind.DIGEST)


@pytest.mark.parametrize("token", ["nonsense", "a%00b", "WzEsImRpZ2VzdCJd.aaaa", "a" * 3000])
def test_a_forged_link_says_so(mail_program, token):
    answer = mail_program.post(f"/account/unsubscribe/{token}/")

    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


def test_a_link_of_a_closed_account_changes_nothing(user, mail_program):
    link = path_of(user)
    services.deactivate(user)

    assert mail_program.post(link).status_code == 200

    assert not user.notification_preferences.exists()
