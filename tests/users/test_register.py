from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.factories import PASSWORD, UserFactory
from tests.together import run_together
from tests.users.answers import errors, token_in
from users.models import User

REGISTER = "/api/v1/users/register/"
ANA = {
    "email": "ana@example.org",
    "password": PASSWORD,
    "first_name": "Ana",
    "last_name": "Souza",
}


@pytest.fixture
def register(anonymous, django_capture_on_commit_callbacks):
    def send(**body):
        with django_capture_on_commit_callbacks(execute=True):
            return anonymous.post(REGISTER, ANA | body)

    return send


@pytest.mark.django_db
def test_signing_up_makes_an_account(register, login):
    response = register()

    assert response.status_code == 201
    user = User.objects.get()
    assert response.json() == {
        "id": user.pk,
        "email": "ana@example.org",
        "first_name": "Ana",
        "last_name": "Souza",
        "phone": "",
        "bio": "",
        "city": "",
        "latitude": None,
        "longitude": None,
        "travel_radius_km": 25,
        "language": "pt-br",
        "birth_date": None,
        "is_public": False,
        "in_leaderboard": False,
        "refuses_photos": False,
        "avatar": None,
    }
    assert (user.is_staff, user.is_superuser, user.email_confirmed_at) == (False, False, None)
    assert login(user).status_code == 200


@pytest.mark.parametrize("path", [REGISTER, REGISTER[:-1], "/api/users/register/"])
@pytest.mark.django_db
def test_all_spellings_of_the_path_work(anonymous, path):
    assert anonymous.post(path, ANA).status_code == 201


@pytest.mark.django_db
def test_signing_up_sends_the_welcome_with_a_link_to_confirm(register, mailoutbox, post):
    register()

    [mail] = mailoutbox
    assert mail.to == ["ana@example.org"]
    assert post("users/email/confirm/", token=token_in(mail)).status_code == 204
    assert User.objects.get().email_confirmed_at


@pytest.mark.django_db
def test_everything_optional_can_be_said_at_once(register):
    said = {
        "phone": "(48) 98765-4321",
        "bio": "Gosto de plantar árvores.\nE de café.",
        "city": "Florianópolis",
        "latitude": -27.6,
        "longitude": -48.5,
        "travel_radius_km": 50,
        "language": "en",
        "birth_date": "1994-08-21",
        "is_public": True,
    }

    response = register(**said)

    assert response.status_code == 201
    assert said | {"phone": "+5548987654321"} == {name: response.json()[name] for name in said}


@pytest.mark.parametrize("email", ["ana@example.org", "ANA@Example.ORG", " Ana@example.org "])
@pytest.mark.django_db
def test_a_taken_address_is_refused_in_any_case(register, email, mailoutbox):
    UserFactory(email="ana@example.org")

    response = register(email=email)

    assert response.status_code == 400
    assert errors(response) == [("email", "unique")]
    assert User.objects.count() == 1
    assert mailoutbox == []


@pytest.mark.django_db
def test_one_address_may_sign_up_twenty_times_an_hour(anonymous):
    answers = [anonymous.post(REGISTER, {}) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert anonymous.post(REGISTER, ANA, REMOTE_ADDR="198.51.100.7").status_code == 201


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_sign_ups_with_one_address_one_makes_an_account():
    answers = []

    run_together(*[lambda: answers.append(APIClient().post(REGISTER, ANA))] * 5)

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 4
    for answer in answers:
        assert answer.status_code == 201 or errors(answer) == [("email", "unique")]
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "password_too_short"),
        ("password123", "password_too_common"),
        ("190283746512", "password_entirely_numeric"),
        ("ana@example.org", "password_too_similar"),
        ("", "blank"),
        (None, "null"),
        ("a\0bcdefghijk", "null_characters_not_allowed"),
        ("ab" * 200, "max_length"),
    ],
)
@pytest.mark.django_db
def test_a_bad_password_is_refused(register, password, code):
    response = register(password=password)

    assert response.status_code == 400
    assert ("password", code) in errors(response)
    assert not User.objects.exists()


TOMORROW = timezone.localdate() + timedelta(days=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "no address"),
        ("email", "ana@example.org\nbcc: x@example.org"),
        ("email", "ana@host"),
        ("email", None),
        ("email", {}),
        ("first_name", ""),
        ("first_name", "   "),
        ("first_name", None),
        ("first_name", "a" * 81),
        ("first_name", "A\0na"),
        ("first_name", {"a": 1}),
        ("first_name", ["Ana"]),
        ("last_name", "a" * 81),
        ("bio", "a" * 2001),
        ("bio", "\0"),
        ("phone", "123"),
        ("phone", "+999999999999999999"),
        ("phone", "a" * 41),
        ("city", "a" * 121),
        ("latitude", 90.1),
        ("latitude", "NaN"),
        ("latitude", "Infinity"),
        ("latitude", "north"),
        ("longitude", -180.5),
        ("longitude", True),
        ("travel_radius_km", -1),
        ("travel_radius_km", 201),
        ("travel_radius_km", 10**30),
        ("travel_radius_km", 1.5),
        ("language", "fr"),
        ("language", None),
        ("birth_date", str(TOMORROW)),
        ("birth_date", "1899-12-31"),
        ("birth_date", "2026-02-30"),
        ("birth_date", "21/08/1994"),
        ("birth_date", 19940821),
        ("is_public", "maybe"),
        ("is_public", None),
    ],
)
@pytest.mark.django_db
def test_bad_input_is_refused_by_the_name_of_its_field(register, field, value):
    place = {"latitude": -27.6, "longitude": -48.5}

    response = register(**place | {field: value})

    assert response.status_code == 400
    assert {attr for attr, _ in errors(response)} == {field}
    assert not User.objects.exists()
