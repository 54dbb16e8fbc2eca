"""What tests over the whole API share."""

import pytest
from django.apps import apps
from django.db import connection

from tests.api.requests import REQUESTS, method_of
from tests.api.world import World

# Every try to sign in is on record, also one that fails.
RECORDS = {"loginattempt"}


@pytest.fixture
def world(db):
    return World()


@pytest.fixture
def rows():
    """Reads a digest of each table that the API may change, in one query: there are many."""
    tables = [
        model._meta.db_table
        for label in ("users", "events", "leads", "token_blacklist", "config")
        for model in apps.get_app_config(label).get_models()
        if model._meta.model_name not in RECORDS
    ]
    digests = [
        f"SELECT '{table}', md5(string_agg(row::text, '' ORDER BY row::text)) FROM {table} row"
        for table in tables
    ]

    def read():
        with connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(digests))
            return dict(cursor.fetchall())

    return read


@pytest.fixture
def _no_limits(settings):
    settings.RATE_LIMITS_ENABLED = False


@pytest.fixture
def sender(world):
    """Makes a function that sends the request of a row, with the given body, as one who may."""

    def make(key):
        request = REQUESTS[key]
        client, path = world.client_of(request.welcome), request.path(world, key)

        def send(body, content_type="application/json"):
            return getattr(client, method_of(key))(path, body, content_type=content_type)

        return send

    return make
