"""Makes people, events and seats in a backend, printed as JSON; no part of the product."""

import json
import sys
from datetime import timedelta
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.utils.timezone import now

from events import caching
from events.management.commands import generate_load
from events.models import Event, EventCategory, EventParticipant
from users import tokens
from users.models import User

PEOPLE, EVENTS, HALLS = 3000, 1000, 20
PASSWORD = "one password for all of them"  # noqa: S105

bar = generate_load.Progress(2 * PEOPLE)
# One hash for all: it is checked at each login all the same.
person = User(password=make_password(PASSWORD), email_confirmed_at=now(), welcomed_at=now())
names = {**generate_load.PEOPLE, "email": f"'{uuid4().hex[:8]}-' || n || '@example.org'"}
people = generate_load.insert(person, PEOPLE, names, bar)
category, _ = EventCategory.objects.get_or_create(slug="load", defaults={"name": "Carga"})
sample = Event(category=category, description=generate_load.TEXT, address="Praça Central, 1")
differs = {
    **generate_load.MEETINGS,
    **generate_load.places(clustered=False),
    "organizer_id": str(people.start),
    "capacity": str(PEOPLE),
    "venue_code": f"'{uuid4().hex[:8]}-' || n",
}
events = generate_load.insert(sample, EVENTS, differs, bar)
ours = Event.objects.filter(pk__in=events, status="published").order_by("-starts_at")
meetings = list(ours.values_list("pk", flat=True))
halls = meetings[-HALLS:]
soon = now() + timedelta(minutes=30)
Event.objects.filter(pk__in=halls).update(starts_at=soon, ends_at=soon + timedelta(hours=3))
Event.objects.filter(pk__in=halls).update(seats_taken=PEOPLE // HALLS)
seats = EventParticipant.objects.bulk_create(
    EventParticipant(
        event_id=halls[number % HALLS],
        user_id=pk,
        status="confirmed",
        ticket_code=uuid4().hex,
    )
    for number, pk in enumerate(people)
)
caching.events_changed()
crowd = {
    "password": PASSWORD,
    "emails": list(User.objects.filter(pk__in=people).values_list("email", flat=True)),
    "tokens": [
        str(tokens.new_refresh(pk, family=uuid4(), version=0).access_token) for pk in people
    ],
    "meetings": meetings[:-HALLS],
    "seats": [(seat.event_id, seat.ticket_code) for seat in seats],
}
sys.stdout.write(json.dumps(crowd))
