"""Stored files that no row names: what a change left behind when it was cut off."""

from collections.abc import Iterable
from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils import timezone

BATCH = 1000
# A file is younger than its row for a moment; nothing takes a day.
AGE = timedelta(days=1)


def delete_on_commit(names: Iterable[str | None]) -> None:
    """Delete files whose rows name them no more; those that then stay, `delete_orphans` finds."""
    found = [name for name in names if name]

    def delete() -> None:
        for name in found:
            default_storage.delete(name)

    transaction.on_commit(delete, robust=True)


def delete_orphans() -> int:
    """Delete what no field of settings.STORED_FILES names any more, and say how many."""
    count = 0
    for folder, fields in settings.STORED_FILES.items():
        found = _stored(folder)
        for start in range(0, len(found), BATCH):
            names = found[start : start + BATCH]
            orphans = set(names) - _named(names, fields)
            count += sum(_delete_if_old(name) for name in orphans)
    return count


def _stored(folder: str) -> list[str]:
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:  # nothing was stored yet
        return []
    return [f"{folder}/{name}" for name in names]


def _named(names: Iterable[str], fields: list[str]) -> set[str]:
    named: set[str] = set()
    for label in fields:
        model, _, field = label.rpartition(".")
        rows = apps.get_model(model)._base_manager.filter(**{f"{field}__in": names})
        named |= set(rows.values_list(field, flat=True))
    return named


def _delete_if_old(name: str) -> bool:
    try:
        if default_storage.get_modified_time(name) > timezone.now() - AGE:
            return False
    except FileNotFoundError:  # by somebody else, meanwhile
        return False
    default_storage.delete(name)
    return True
