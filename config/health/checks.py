"""How each dependency is asked; each check ends within about 2 s."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import psycopg
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_redis import get_redis_connection

from config.celery import app

MARK = "mutirao:health"


class MigrationsMissing(Exception):
    """The database is older than this code."""


def database() -> None:
    _rows("SELECT 1")


def cache() -> None:
    _write(get_redis_connection("default"))


def broker() -> None:
    with app.connection_for_write() as link:
        link.ensure_connection(max_retries=0)
        _write(link.default_channel.client)  # type: ignore[attr-defined]  # a channel of Redis


def storage() -> None:
    files = _impatient()
    name = files.save("health/probe", ContentFile(b"up"))
    files.delete(name)


@lru_cache  # which keeps no error
def migrations() -> None:
    """Asked until all are found: while this code runs, no schema goes back."""
    if _known_migrations() - set(_rows("SELECT app, name FROM django_migrations")):
        raise MigrationsMissing


def load() -> None:
    """Make what the first check of each process would make otherwise, and ask nobody.

    Once, before they are forked: it takes 0.4 s of processor time, in which no request is answered.
    """
    _known_migrations()
    app.connection_for_write().transport  # noqa: B018  # which imports it
    for files in (default_storage, _impatient()):
        getattr(files, "connection", None)


def _impatient() -> Storage:
    # S3's time-outs are made for uploads.
    return getattr(default_storage, "impatient", default_storage)


def _write(redis: Any) -> None:
    # A full or read-only server answers a PING, but takes nothing.
    redis.set(MARK, 1, ex=60)


def _rows(query: str) -> Iterable[tuple[Any, ...]]:
    # Not from the pool: waiting for busy neighbours must not look like an outage.
    parameters = {**connection.get_connection_params(), "connect_timeout": 2}
    parameters.pop("pool", None)
    with psycopg.connect(**parameters, autocommit=True) as link:
        return link.execute(query).fetchall()


@lru_cache
def _known_migrations() -> set[tuple[str, str]]:
    return set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
