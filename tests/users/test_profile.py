from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from tests.factories import UserFactory
from tests.users.answers import errors
from users import services
from users.models import User

ME = "/api/v1/users/profile/"
FIELDS = {
    "email",
    "first_name",
    "last_name",
    "phone",
    "bio",
    "city",
    "latitude",
    "longitude",
    "travel_radius_km",
    "language",
    "birth_date",
    "is_public",
    "refuses_photos",
    "avatar",
    "in_leaderboard",
}


def test_the_profile_has_exactly_the_fields_that_are_promised(api, user):
    response = api.get(ME)

    assert response.status_code == 200
    assert response.json().keys() == FIELDS
    assert response.json()["email"] == user.email


@pytest.mark.parametrize("path", [ME, ME[:-1], "/api/users/profile/", "/api/users/profile"])
def test_all_spellings_of_the_path_work(api, path):
    assert api.get(path).status_code == 200


def test_reading_ones_profile_takes_two_queries(user, sign_in, bearer, django_assert_num_queries):
    here = bearer(sign_in(user))

    with django_assert_num_queries(2):  # who asks, and the rest of the row
        here.get(ME)


def test_some_of_the_profile_is_changed(api, user):
    response = api.patch(ME, {"first_name": "Ana", "phone": "11 98765-4321", "bio": "Olá\r\n🌱"})

    assert response.status_code == 200
    user.refresh_from_db()
    assert (user.first_name, user.phone, user.bio) == ("Ana", "+5511987654321", "Olá\n🌱")
    assert user.last_name == "Silva"


def test_what_is_not_said_is_not_written(api, user, monkeypatch):
    """A password that is changed while the profile is being saved stays changed."""
    original = User.save

    def save(self, *args, **kwargs):
        User.objects.filter(pk=self.pk).update(password="changed meanwhile")
        original(self, *args, **kwargs)

    monkeypatch.setattr(User, "save", save)

    api.patch(ME, {"first_name": "Ana"})

    user.refresh_from_db()
    assert (user.first_name, user.password) == ("Ana", "changed meanwhile")


@pytest.mark.parametrize("field", ["email", "id", "is_staff", "is_superuser", "is_active"])
def test_what_is_not_ones_own_to_change_stays(api, user, field):
    before = getattr(user, field)

    response = api.patch(ME, {field: "other@example.org" if field == "email" else True})

    assert response.status_code == 200
    user.refresh_from_db()
    assert getattr(user, field) == before


@pytest.mark.parametrize("method", ["put", "post"])
def test_other_methods_are_refused(api, method):
    assert getattr(api, method)(ME, {}).status_code == 405


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"latitude": 1}, "longitude"),
        ({"longitude": 1}, "latitude"),
        ({"latitude": 1, "longitude": None}, "longitude"),
    ],
)
def test_half_a_place_is_refused(api, user, body, field):
    response = api.patch(ME, body)

    assert response.status_code == 400
    assert errors(response) == [(field, "incomplete_place")]
    user.refresh_from_db()
    assert user.latitude is None


def test_half_of_a_place_may_be_moved_and_all_of_it_removed(db, client_of):
    user = UserFactory(latitude=1, longitude=2)

    assert client_of(user).patch(ME, {"latitude": 3}).status_code == 200
    user.refresh_from_db()
    assert (user.latitude, user.longitude) == (3, 2)

    assert client_of(user).patch(ME, {"latitude": None}).status_code == 400
    assert client_of(user).patch(ME, {"latitude": None, "longitude": None}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"latitude": "NaN", "longitude": 1}, "latitude"),
        ({"latitude": 91, "longitude": 1}, "latitude"),
        ({"latitude": 1, "longitude": "-Infinity"}, "longitude"),
        ({"phone": "not a number"}, "phone"),
        ({"phone": "+55 11 0000-0000"}, "phone"),
        ({"birth_date": "1899-12-31"}, "birth_date"),
        ({"birth_date": "3000-01-01"}, "birth_date"),
        ({"language": "pt"}, "language"),
        ({"first_name": ""}, "first_name"),
        ({"first_name": "\u202e\u200f"}, "first_name"),
        ({"city": "a\0"}, "city"),
        ({"travel_radius_km": 201}, "travel_radius_km"),
        ([], None),
        ("text", None),
    ],
)
def test_bad_input_changes_nothing(api, user, body, field):
    before = User.objects.values().get(pk=user.pk)

    response = api.patch(ME, body)

    assert response.status_code == 400
    assert {attr for attr, _ in errors(response)} == {field or "non_field_errors"}
    assert User.objects.values().get(pk=user.pk) == before


def test_a_bare_nan_is_refused(api):
    response = api.patch(
        ME, data=b'{"latitude": NaN, "longitude": 1}', content_type="application/json"
    )

    assert response.status_code == 400


def test_an_empty_phone_and_birth_date_are_fine(api):
    assert api.patch(ME, {"phone": "", "birth_date": None}).status_code == 200


def test_the_profile_is_private(db, anonymous):
    assert anonymous.get(ME).status_code == 401


def test_a_public_profile_shows_what_is_meant_for_all(db, anonymous):
    person = UserFactory(
        is_public=True,
        bio="Gosto de plantar.",
        city="Recife",
        phone="+5511987654321",
        latitude=1,
        longitude=2,
        birth_date=date(1990, 1, 1),
        joined_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )
    services.record_contribution(
        person.pk,
        kind="hours",
        amount=Decimal("2.5"),
        source="event:1:1",
        happened_at=datetime(2026, 4, 1, tzinfo=UTC),
    )

    response = anonymous.get(f"/api/v1/users/{person.pk}/")

    assert response.json() == {
        "id": person.pk,
        "first_name": person.first_name,
        "last_name": "Silva",
        "bio": "Gosto de plantar.",
        "city": "Recife",
        "avatar": None,
        "joined_at": "2026-03-01T12:00:00Z",
        "hours": 2.5,
    }


def test_who_gave_nothing_yet_has_no_hours(db, anonymous):
    person = UserFactory(is_public=True)

    assert anonymous.get(f"/api/v1/users/{person.pk}/").json()["hours"] == 0


def test_a_public_profile_takes_one_query(db, anonymous, django_assert_num_queries):
    person = UserFactory(is_public=True)

    with django_assert_num_queries(1):
        anonymous.get(f"/api/v1/users/{person.pk}/")


@pytest.mark.parametrize(
    "hidden",
    [{"is_public": False}, {"is_active": False}, {"birth_date": date(2020, 1, 1)}],
    ids=["private", "closed", "a child"],
)
def test_other_people_do_not_exist(db, anonymous, hidden):
    person = UserFactory(**{"is_public": True} | hidden)

    with time_machine.travel("2027-05-03"):
        assert anonymous.get(f"/api/v1/users/{person.pk}/").status_code == 404


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999", "-1", "ana", "1e3", "%00"])
def test_nobody_has_such_an_id(db, anonymous, pk):
    assert anonymous.get(f"/api/v1/users/{pk}/").status_code == 404


@pytest.mark.parametrize(
    ("born", "today", "is_adult"),
    [
        (date(2008, 2, 29), "2026-02-28", False),
        (date(2008, 2, 29), "2026-03-01", True),
        (date(2010, 2, 28), "2028-02-28", True),
        (date(2010, 2, 28), "2028-02-29", True),
        (date(2010, 3, 1), "2028-02-29", False),
        (date(2010, 3, 1), "2028-03-01", True),
        (date(2009, 5, 4), "2027-05-03", False),
        (date(2009, 5, 3), "2027-05-03", True),
        (None, "2027-05-03", True),
    ],
)
def test_the_eighteenth_birthday_makes_adult(db, born, today, is_adult):
    person = UserFactory(birth_date=born)

    with time_machine.travel(f"{today}T12:00-03:00"):
        assert User.objects.adult().filter(pk=person.pk).exists() == is_adult
    if born:
        assert (person.age_on(date.fromisoformat(today)) >= 18) == is_adult


def test_the_birthday_begins_at_midnight_in_sao_paulo(db):
    person = UserFactory(birth_date=date(2009, 5, 3))

    with time_machine.travel("2027-05-03T02:59Z"):
        assert not User.objects.adult().filter(pk=person.pk).exists()
    with time_machine.travel("2027-05-03T03:00Z"):
        assert User.objects.adult().filter(pk=person.pk).exists()


@pytest.mark.parametrize(
    "wrong",
    [{"email": "Ana@example.org"}, {"latitude": 1}, {"latitude": 91, "longitude": 0}],
    ids=["upper case", "half a place", "beyond the pole"],
)
def test_the_database_refuses_it_too(db, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        UserFactory(**wrong)


def test_the_admin_checks_birth_dates_too(user):
    user.birth_date = date(1800, 1, 1)

    with pytest.raises(ValidationError) as refusal:
        user.full_clean()

    assert refusal.value.error_dict.keys() == {"birth_date"}
