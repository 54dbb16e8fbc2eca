"""Stored files that no row names are deleted, and no others."""

import os
import time

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from config import files, tasks
from tests.factories import PhotoFactory, UserFactory

DAY = 24 * 60 * 60


@pytest.fixture
def stored(db, disk):
    def store(folder, *, age):
        name = default_storage.save(f"{folder}/a.jpg", ContentFile(b"picture"))
        moment = time.time() - age
        os.utime(disk / name, (moment, moment))
        return name

    return store


def test_what_was_left_behind_is_deleted_after_a_day(stored, disk):
    old = [stored(folder, age=2 * DAY) for folder in ("photos", "avatars", "reports")]
    fresh = stored("photos", age=60)

    assert files.delete_orphans() == 3

    assert [(disk / name).exists() for name in (*old, fresh)] == [False] * 3 + [True]


def test_what_a_row_names_stays(stored, disk):
    photo = PhotoFactory(
        image=stored("photos", age=2 * DAY), thumbnail=stored("photos", age=2 * DAY)
    )
    person = UserFactory(avatar=stored("avatars", age=2 * DAY))

    tasks.clean_files()

    assert all(
        (disk / file.name).exists() for file in (photo.image, photo.thumbnail, person.avatar)
    )


def test_many_files_are_asked_for_in_batches(stored, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(files, "BATCH", 2)
    for _ in range(5):
        stored("photos", age=2 * DAY)

    with django_assert_num_queries(6):  # two fields name photos
        assert files.delete_orphans() == 5


def test_without_any_file_there_is_nothing_to_do(db, disk):
    assert files.delete_orphans() == 0
