"""What benchmarks run on, made when one first asks for it."""

import functools
import os
from uuid import uuid4

import django
import redis

from tests.load import scratch, server

SMALL = ("--events=1000", "--users=500", "--participations=10000")


class Bench:
    """A database of 100,000 events with a server, and for comparison one of 1,000."""

    def __init__(self, database_url, stack):
        self.database_url, self.stack = database_url, stack
        server.manage(database_url, "migrate", "-v0")
        self.generated_in = server.manage(database_url, "generate_load")
        # From here on, this process works on the same database.
        os.environ["DATABASE_URL"] = database_url
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.load.settings"
        django.setup()

    @functools.cached_property
    def cache(self):
        from django_redis import get_redis_connection

        return get_redis_connection("default")

    @functools.cached_property
    def site(self):
        return self.stack.enter_context(self.serving())

    @functools.cached_property
    def small_site(self):
        database_url = self.stack.enter_context(scratch.database("small"))
        server.manage(database_url, "migrate", "-v0")
        server.manage(database_url, "generate_load", *SMALL)
        return self.stack.enter_context(self.serving(database_url))

    def serving(self, database_url=None, **how):
        return server.serving(database_url or self.database_url, self.cache, **how)

    def tokens(self, number, site=None):
        """Headers of so many different people."""
        return [self._headers(person) for person in (site or self.site).people(number)]

    def newcomers(self, number):
        """Headers of people who have not joined anything yet."""
        from events.management.commands import generate_load
        from users.models import User

        bar = generate_load.Progress(number)
        people = generate_load.insert(User(), number, generate_load.PEOPLE, bar)
        bar.finish()
        return [self._headers(person) for person in people]

    def _headers(self, user_id):
        from users import tokens

        refresh = tokens.new_refresh(user_id, family=uuid4(), version=0)
        return {"Authorization": f"Bearer {refresh.access_token}"}

    def forget_tasks(self):
        broker = redis.Redis.from_url(os.environ["BROKER_URL"])
        broker.delete("load", *broker.keys("load*"))  # a list for each priority

    def move_into_cities(self):
        """Move all events to where people live."""
        from django.db import connection

        from events.management.commands import generate_load

        around = generate_load.places(clustered=True)
        move = f"""UPDATE events_event SET latitude = place.latitude, longitude = place.longitude
            FROM (SELECT id, {around["latitude"]} AS latitude, {around["longitude"]} AS longitude
                FROM (SELECT id, id AS n FROM events_event) AS event) AS place
            WHERE place.id = events_event.id"""
        generate_load.execute(move.replace("%", "%%"), [])
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE) events_event")
