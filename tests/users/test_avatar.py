"""The picture that people show of themselves."""

from threading import Event

import pytest
from django.core.files.storage import default_storage

from tests.factories import UserFactory
from tests.pictures import from_phone, opened, picture, upload
from tests.together import let_someone_wait, run_together
from tests.users.answers import errors
from users import services
from users.models import User
from users.serializers import AvatarSerializer

ME = "/api/v1/users/profile/"
AVATAR = f"{ME}avatar/"


def put(client, file, **how):
    return client.put(AVATAR, {"avatar": file}, format="multipart", **how)


def stored(disk):
    return sorted(path.name for path in disk.glob("avatars/*"))


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def test_a_picture_is_shown_in_the_profile(api, user, anonymous, disk):
    response = put(api, from_phone())

    address = response.json()["avatar"]
    assert response.status_code == 200
    assert address.startswith("http://testserver/media/avatars/")
    assert api.get(ME).json()["avatar"].split("?")[0] == address.split("?")[0]
    file = anonymous.get(address)
    assert file.headers["Content-Type"] == "image/jpeg"
    assert file.getvalue().startswith(b"\xff\xd8")
    assert anonymous.get(address.split("?")[0]).status_code == 403


def test_it_is_small_and_says_nothing_of_the_phone(api, user, disk):
    put(api, picture(size=(1200, 900)))

    user.refresh_from_db()
    with user.avatar as file:
        image = opened(file)
    assert image.size == (400, 300)
    assert not image.getexif()


def test_a_public_profile_shows_it(client_of, anonymous, disk, db):
    person = UserFactory(is_public=True)
    put(client_of(person), picture())

    shown = anonymous.get(f"/api/v1/users/{person.pk}/").json()

    assert anonymous.get(shown["avatar"]).getvalue().startswith(b"\xff\xd8")


def test_a_new_picture_takes_the_place_of_the_old_one(api, disk, commits):
    with commits():
        put(api, picture())
    [old] = stored(disk)

    with commits():
        put(api, picture())

    [new] = stored(disk)
    assert new != old


def test_the_old_file_stays_until_the_change_is_certain(api, disk, commits):
    with commits():
        put(api, picture())

    put(api, picture())

    assert len(stored(disk)) == 2


def test_a_picture_is_taken_away_with_its_file(api, user, disk, commits):
    with commits():
        put(api, picture())

    with commits():
        response = api.delete(AVATAR)

    assert response.status_code == 204
    assert api.get(ME).json()["avatar"] is None
    assert stored(disk) == []
    assert api.delete(AVATAR).status_code == 204


def test_a_file_that_cannot_be_deleted_fails_nothing(api, disk, commits, user):
    User.objects.filter(pk=user.pk).update(avatar="../outside.jpg")

    with commits():
        assert put(api, picture()).status_code == 200


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (upload(b"<svg/>"), "unreadable"),
        (upload(b""), "empty"),
        ("text", "invalid"),
    ],
    ids=["SVG", "empty", "text"],
)
def test_what_is_no_picture_is_refused_by_name(api, user, file, code):
    response = put(api, file)

    assert (response.status_code, errors(response)) == (400, [("avatar", code)])
    user.refresh_from_db()
    assert not user.avatar


def test_a_form_without_a_picture_is_refused(api):
    response = api.put(AVATAR, {}, format="multipart")

    assert (response.status_code, errors(response)) == (400, [("avatar", "required")])


def test_json_is_refused(api):
    assert api.put(AVATAR, {"avatar": "photo.jpg"}).status_code == 415


def test_half_a_gigabyte_is_refused_before_it_is_read(api):
    response = put(api, picture(), CONTENT_LENGTH=str(500 * 1024**2))

    assert (response.status_code, errors(response)) == (413, [(None, "too_large")])


def test_a_form_of_thousands_of_fields_is_refused(api):
    fields = {f"field{number}": "x" for number in range(2000)}

    response = api.put(AVATAR, fields, format="multipart")

    assert (response.status_code, errors(response)) == (400, [(None, "parse_error")])


def test_pictures_are_taken_so_often(api, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "pictures": "1/hour"}

    assert put(api, picture()).status_code == 200
    assert put(api, picture()).status_code == 429


def test_refusing_photos_is_said_in_the_profile(api, user):
    assert api.patch(ME, {"refuses_photos": True}).json()["refuses_photos"] is True

    user.refresh_from_db()
    assert user.refuses_photos


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_file_is_left(disk):
    """Without the lock neither would see the file of the other."""
    person = UserFactory()
    services.set_avatar(person, read(picture()))

    run_together(*[lambda: services.set_avatar(person, read(picture()))] * 4)

    person.refresh_from_db()
    assert stored(disk) == [person.avatar.name.removeprefix("avatars/")]
    assert default_storage.exists(person.avatar.name)


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_meanwhile_gets_no_picture(disk, monkeypatch):
    """Without the lock the picture would be noted on a row that says nothing of anybody."""
    person, is_locked = UserFactory(), Event()

    def forget(user):
        is_locked.set()
        let_someone_wait()  # the other one, to note its picture

    def show():
        assert is_locked.wait(10)
        with pytest.raises(services.AccountClosed):
            services.set_avatar(person, read(picture()))

    monkeypatch.setattr(services.erasure, "_forget_sign_ins", forget)
    run_together(lambda: services.erase(person), show)

    person.refresh_from_db()
    assert not person.avatar
    assert stored(disk) == []


def test_a_closed_account_takes_no_picture_away(user):
    services.deactivate(user)

    with pytest.raises(services.AccountClosed):
        services.remove_avatar(user)


def read(file):
    form = AvatarSerializer(data={"avatar": file})
    form.is_valid(raise_exception=True)
    return form.validated_data["avatar"]
