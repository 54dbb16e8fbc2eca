"""Photos of events: who adds them, who sees them, and how they go."""

from contextlib import suppress
from datetime import timedelta
from threading import Event as Signal

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import services
from events.models import EventPhoto
from events.photo_serializers import NewPhotoSerializer
from tests.factories import EventFactory, ParticipantFactory, PhotoFactory, UserFactory
from tests.pictures import from_phone, opened, picture, png_header, upload
from tests.together import let_someone_wait, run_together


def url(event, *rest):
    return "/".join([f"/api/v1/events/{event.pk}/photos", *map(str, rest), ""])


def post(client, event, file=None, **fields):
    form = {"photo": file or picture(), "stage": "during", "people_agreed": True, **fields}
    return client.post(url(event), form, format="multipart")


def errors(response):
    found = [(error["attr"], error["code"]) for error in response.json()["errors"]]
    return response.status_code, found


def stored(disk):
    return {f"photos/{path.name}" for path in disk.glob("photos/*")}


@pytest.fixture
def event(db):
    return EventFactory(starts_at=timezone.now() - timedelta(days=1), status="finished")


@pytest.fixture
def guest(event, client_of):
    """A client of someone who came."""
    came = ParticipantFactory(event=event, checked_in_at=event.starts_at)
    return client_of(came.user)


@pytest.fixture
def organizer(event, client_of):
    return client_of(event.organizer)


def test_who_came_adds_a_photo_for_everyone(guest, anonymous, event, disk):
    response = post(guest, event, from_phone(), caption="A praia\nlimpa")

    photo = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"http://testserver{url(event, photo['id'])}"
    assert (photo["caption"], photo["stage"], photo["status"]) == (
        "A praia limpa",
        "during",
        "shown",
    )
    [listed] = anonymous.get(url(event)).json()["results"]
    for name in ("image", "thumbnail"):
        file = anonymous.get(listed[name])
        assert file.headers["Content-Type"] == "image/jpeg"
        assert file.getvalue().startswith(b"\xff\xd8")


def test_where_it_was_taken_is_forgotten(guest, event, disk):
    post(guest, event, from_phone())

    photo = EventPhoto.objects.get()
    for stored_file in (photo.image, photo.thumbnail):
        with stored_file as file:
            assert not opened(file).getexif()


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (upload(b"<svg/>"), "unreadable"),
        (upload(b"<!doctype html><script>alert(1)</script>"), "unreadable"),
        (upload(b""), "empty"),
        (upload(png_header(10_000, 5_000)), "too_many_pixels"),
        (upload(png_header(60_000, 60_000)), "too_many_pixels"),
    ],
    ids=["SVG", "HTML", "empty", "50 megapixels", "a bomb"],
)
def test_what_is_no_picture_is_refused_by_name(guest, event, disk, file, code):
    assert errors(post(guest, event, file)) == (400, [("photo", code)])

    assert not stored(disk)
    assert not EventPhoto.objects.exists()


def test_too_many_bytes_are_refused(guest, event, settings):
    settings.PICTURE_MAX_BYTES = 100

    assert errors(post(guest, event)) == (400, [("photo", "too_large")])


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("stage", "later", "invalid_choice"),
        ("caption", "x" * 301, "max_length"),
        ("caption", "a\0", "null_characters_not_allowed"),
        ("pair_with", "first", "invalid"),
        ("pair_with", "0", "min_value"),
        ("people_agreed", False, "people_agreed"),
        ("people_agreed", "perhaps", "invalid"),
    ],
)
def test_bad_fields_are_refused_by_name(guest, event, field, value, code):
    assert errors(post(guest, event, **{field: value})) == (400, [(field, code)])


def test_nothing_goes_without_saying_that_people_agreed(guest, event):
    form = {"photo": picture(), "stage": "during"}

    response = guest.post(url(event), form, format="multipart")

    assert errors(response) == (400, [("people_agreed", "people_agreed")])


def test_a_body_of_half_a_gigabyte_is_refused_before_it_is_read(guest, event):
    form = {"photo": picture()}

    response = guest.post(url(event), form, format="multipart", CONTENT_LENGTH=str(500 * 1024**2))

    assert errors(response) == (413, [(None, "too_large")])


def test_who_did_not_come_adds_none(client_of, event):
    absent = ParticipantFactory(event=event).user

    assert post(client_of(absent), event).status_code == 403


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_of_what_does_not_take_place_there_are_no_photos(organizer, event, disk, status):
    event.status, event.cancel_reason = status, "Chuva."
    event.save()

    assert errors(post(organizer, event)) == (409, [(None, "no_photos_yet")])
    assert not stored(disk)


def test_a_pair_shows_one_place_twice(guest, event):
    before = post(guest, event, stage="before").json()["id"]

    after = post(guest, event, stage="after", pair_with=before)

    assert after.json()["pair_with"] == before


def test_a_pair_is_of_one_event_and_of_before_and_after(guest, event, disk):
    before = PhotoFactory(event=event, stage="before")
    others = [
        PhotoFactory(stage="before"),
        PhotoFactory(event=event, stage="during"),
        PhotoFactory(event=event, stage="before", status="waiting"),
    ]

    refused = [post(guest, event, stage="after", pair_with=one.pk) for one in others]
    refused.append(post(guest, event, stage="during", pair_with=before.pk))

    assert {str(errors(one)) for one in refused} == {"(409, [('pair_with', 'unknown_before')])"}
    assert not stored(disk)


def test_the_same_key_and_picture_make_one_photo(guest, event, disk):
    once = {"HTTP_IDEMPOTENCY_KEY": "one", "format": "multipart"}
    form = {"stage": "during", "people_agreed": True}

    first, again = (guest.post(url(event), {"photo": picture(), **form}, **once) for _ in "ab")
    other = guest.post(url(event), {"photo": picture(size=(9, 9)), **form}, **once)

    assert first.json()["id"] == again.json()["id"]
    assert EventPhoto.objects.count() == 1
    assert errors(other) == (409, [("Idempotency-Key", "idempotency_key_reused")])


def test_one_person_and_one_event_have_so_many(guest, organizer, event, settings, disk):
    settings.EVENT_PHOTOS_OF_PERSON, settings.EVENT_PHOTOS_OF_ALL = 1, 2

    answers = [post(client, event) for client in (guest, guest, organizer, organizer)]

    assert [answer.status_code for answer in answers] == [201, 409, 201, 409]
    assert errors(answers[1]) == (409, [(None, "too_many_photos")])
    assert len(stored(disk)) == 4


def test_pictures_are_taken_so_often(guest, event, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "pictures": "1/hour"}

    assert post(guest, event).status_code == 201
    assert post(guest, event).status_code == 429


def test_where_staff_approve_a_photo_is_private_until_then(
    guest, organizer, anonymous, api, client_of, staff, event
):
    event.photos_need_approval = True
    event.save()

    photo = post(guest, event).json()

    assert photo["status"] == "waiting"
    for client, sees in {
        guest: True,
        organizer: True,
        client_of(staff): True,
        anonymous: False,
        api: False,
    }.items():
        assert client.get(url(event)).json()["count"] == sees
        assert client.get(url(event, photo["id"])).status_code == (200 if sees else 404)


def test_co_organizers_see_what_waits(client_of, user, event):
    event.co_organizers.add(user)
    PhotoFactory(event=event, status="waiting")

    assert client_of(user).get(url(event)).json()["count"] == 1


@pytest.mark.parametrize("needed", [True, False])
def test_new_events_do_as_the_setting_says(settings, needed):
    settings.EVENT_PHOTOS_NEED_APPROVAL = needed

    assert EventFactory.build(category=None, organizer=None).photos_need_approval == needed


def test_the_newest_come_first_and_by_stage(anonymous, event):
    first = PhotoFactory(event=event, stage="before")
    last = PhotoFactory(event=event, stage="after", pair_with=first)
    PhotoFactory()

    everything = anonymous.get(url(event)).json()["results"]
    before = anonymous.get(url(event), {"stage": "before"}).json()["results"]

    assert [photo["id"] for photo in everything] == [last.pk, first.pk]
    assert [photo["id"] for photo in before] == [first.pk]


def test_an_unknown_stage_is_refused_by_name(anonymous, event):
    answer = anonymous.get(url(event), {"stage": "later"})

    assert errors(answer) == (400, [("stage", "invalid_choice")])


def test_three_queries_however_many(api, event, django_assert_num_queries):
    PhotoFactory.create_batch(12, event=event)

    with django_assert_num_queries(3):
        assert len(api.get(url(event)).json()["results"]) == 12


def test_removed_photos_are_there_for_nobody(organizer, event):
    photo = PhotoFactory(event=event, status="removed", image="", thumbnail="", reason="Não.")

    assert organizer.get(url(event, photo.pk)).status_code == 404


def test_uploader_and_organizers_change_the_caption_and_nothing_else(guest, organizer, api, event):
    photo = post(guest, event).json()
    place = url(event, photo["id"])

    answers = [
        client.patch(place, {"caption": f"Nova {number}", "stage": "after", "status": "hidden"})
        for number, client in enumerate([guest, organizer, api])
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 403]
    kept = guest.get(place).json()
    assert (kept["caption"], kept["stage"], kept["status"]) == ("Nova 1", "during", "shown")


def test_a_deleted_photo_leaves_no_file(
    guest, event, disk, user, django_capture_on_commit_callbacks
):
    before = EventPhoto.objects.get(pk=post(guest, event, stage="before").json()["id"])
    after = PhotoFactory(event=event, stage="after", pair_with=before)
    services.flag_photo(before, user, reason="other")

    with django_capture_on_commit_callbacks(execute=True):
        response = guest.delete(url(event, before.pk))

    after.refresh_from_db()
    assert response.status_code == 204
    assert after.pair_with is None
    assert not stored(disk)


def test_others_delete_nothing(api, event):
    photo = PhotoFactory(event=event)

    assert api.delete(url(event, photo.pk)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"image": ""},
        {"status": "removed", "reason": "Não."},
        {"status": "removed", "image": "", "thumbnail": ""},
    ],
    ids=["no file", "removed with files", "removed without a reason"],
)
def test_the_database_refuses_it_too(db, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        PhotoFactory(**wrong)


def test_only_an_after_has_a_before(db):
    before = PhotoFactory(stage="before")

    with pytest.raises(IntegrityError), transaction.atomic():
        PhotoFactory(event=before.event, stage="during", pair_with=before)


def read(file):
    form = NewPhotoSerializer(data={"photo": file, "stage": "during", "people_agreed": True})
    form.is_valid(raise_exception=True)
    return form.validated_data["photo"]


@pytest.mark.django_db(transaction=True)
def test_many_at_once_keep_to_the_limit(settings, disk):
    """Without the lock of the event all of them would find room."""
    settings.EVENT_PHOTOS_OF_PERSON = 1
    event = EventFactory()
    pictures = [read(picture()) for _ in range(4)]

    def add(one):
        with suppress(services.TooManyPhotos):
            services.add_photo(event, event.organizer, picture=one, stage="during")

    run_together(*[lambda one=one: add(one) for one in pictures])

    photo = event.photos.get()
    assert stored(disk) == set(photo.files)


@pytest.mark.django_db(transaction=True)
def test_nobody_objects_to_a_photo_that_is_being_deleted():
    """Without the lock the objection would break on a row that is gone."""
    photo, person = PhotoFactory(), UserFactory()
    is_deleted, answers = Signal(), []

    def delete():
        with transaction.atomic():
            services.delete_photo(photo)
            is_deleted.set()
            let_someone_wait()

    def object_to_it():
        is_deleted.wait()
        try:
            services.flag_photo(photo, person, reason="other")
        except services.PhotoGone as error:
            answers.append(error.code)

    run_together(delete, object_to_it)

    assert answers == ["not_found"]
    assert not default_storage.exists(photo.image.name)


@pytest.mark.django_db(transaction=True)
def test_a_before_that_is_being_deleted_gets_no_pair(disk):
    """Without the event's lock the new photo would name a row that is gone."""
    before = PhotoFactory(stage="before")
    event, one = before.event, read(picture())
    is_deleted, answers = Signal(), []

    def delete():
        with transaction.atomic():
            services.delete_photo(before)
            is_deleted.set()
            let_someone_wait()

    def add():
        is_deleted.wait()
        how = {"picture": one, "stage": "after", "pair_with": before.pk}
        try:
            services.add_photo(event, event.organizer, **how)
        except services.UnknownBefore as error:
            answers.append(error.code)

    run_together(delete, add)

    assert answers == ["unknown_before"]
