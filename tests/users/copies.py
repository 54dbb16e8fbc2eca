"""Copies of people's data in the storage."""

from django.core.files.storage import default_storage

FOLDER = "exports"


def stored_copies():
    try:
        return [f"{FOLDER}/{name}" for name in default_storage.listdir(FOLDER)[1]]
    except FileNotFoundError:  # before the first one
        return []
