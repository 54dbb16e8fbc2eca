"""What `make smoke` joins and who joins it: made before, removed after."""

import json
import secrets
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from events import caching
from events.models import Event, EventCategory, EventParticipant
from users.models import User

# Nobody can have an address there.
EMAIL = "smoke@mutirao.invalid"
SLUG = "smoke-test"


class Command(BaseCommand):
    help = "Makes a volunteer and an event for a smoke test and prints them, or removes them again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("step", choices=["begin", "end"])

    @transaction.atomic
    def handle(self, *args: Any, step: str, **options: Any) -> None:
        remove()  # also what a test that was killed has left
        if step == "begin":
            self.stdout.write(json.dumps(make()))
        transaction.on_commit(caching.events_changed)


def remove() -> None:
    EventParticipant.objects.filter(event__category__slug=SLUG).delete()
    Event.objects.filter(category__slug=SLUG).delete()
    EventCategory.objects.filter(slug=SLUG).delete()
    User.objects.filter(email=EMAIL).delete()


def make() -> dict[str, Any]:
    password = secrets.token_urlsafe(24)
    now = timezone.now()
    person = User.objects.create_user(
        EMAIL, password, first_name="Smoke", email_confirmed_at=now, welcomed_at=now
    )
    event = Event.objects.create(
        title="Smoke test",
        category=EventCategory.objects.create(slug=SLUG, name="Smoke test"),
        organizer=person,
        address="-",
        city="-",
        latitude=0,
        longitude=0,
        starts_at=now + timedelta(days=300),
        ends_at=now + timedelta(days=300, hours=1),
        capacity=1,
        status=Event.Status.PUBLISHED,
    )
    return {"email": EMAIL, "password": password, "event": event.pk}
