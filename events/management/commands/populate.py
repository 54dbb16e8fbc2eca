"""Fills an empty installation with demo data."""

import csv
import secrets
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from events import services
from events.models import Event, EventCategory, EventParticipant
from users import services as users
from users.models import User

DEMO = Path(__file__).parents[2] / "demo"
Row = dict[str, str]


class Command(BaseCommand):
    help = "Loads demo data in Portuguese, once; run again it changes nothing."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        rows = _read("people.csv")
        if User.objects.filter(email=rows[0]["email"]).exists():
            self.stdout.write("The demo data is there already.")
            return
        password = secrets.token_urlsafe(9)
        people = [_make_person(row) for row in rows]
        people[0].set_password(password)
        people[0].save(update_fields=["password"])
        plans = _read("events.csv")
        for number, plan in enumerate(plans):
            # Each time another one organizes, and the first of the others come.
            organizer = people[number % len(people)]
            others = [person for person in people if person != organizer]
            _make_event(plan, organizer, others)
        services.archive_old_events()
        users.update_statistics()
        users.evaluate_badges()
        self.stdout.write(f"Demo data: {len(people)} people, {len(plans)} events.")
        self.stdout.write(f"Demo volunteer: {people[0].email} {password}")


def _read(name: str) -> list[Row]:
    with (DEMO / name).open(newline="") as file:
        return list(csv.DictReader(file))


def _make_person(row: Row) -> User:
    now = timezone.now()
    return User.objects.create_user(
        **row,
        birth_date=now.date() - timedelta(days=365 * 30),
        is_public=True,
        in_leaderboard=True,
        email_confirmed_at=now,
        welcomed_at=now,
    )


def _make_event(plan: Row, organizer: User, others: list[User]) -> None:
    people = others[: int(plan["people"])]
    event = Event(organizer=organizer, status=plan["status"], **_fields(plan))
    event.seats_taken = min(len(people), event.capacity)
    event.save()
    event.co_organizers.add(others[-1])
    # Not by `join`, which writes mails: nobody lives at these addresses.
    EventParticipant.objects.bulk_create(_places(event, people))
    if event.is_over:
        services.finish(event.pk)


def _places(event: Event, people: list[User]) -> list[EventParticipant]:
    """Give the first people the seats; of a past event, all of them but the last have come."""
    places = []
    for number, person in enumerate(people):
        has_seat = number < event.capacity
        has_come = event.is_over and person != people[-1]
        places.append(
            EventParticipant(
                event=event,
                user=person,
                status="confirmed" if has_seat else "waitlisted",
                joined_at=event.created_at + timedelta(minutes=number),
                checked_in_at=event.starts_at if has_come else None,
                checked_in_by=event.organizer if has_come else None,
            )
        )
    return places


def _fields(plan: Row) -> dict[str, Any]:
    day = timezone.localdate() + timedelta(days=int(plan["day"]))
    starts_at = datetime.combine(day, time(int(plan["hour"])), ZoneInfo(plan["time_zone"]))
    category, _ = EventCategory.objects.get_or_create(
        slug=plan["category"], defaults={"name": plan["category"].capitalize()}
    )
    return {
        "title": plan["title"],
        "description": plan["description"],
        "category": category,
        "city": plan["city"],
        "address": plan["address"],
        "latitude": float(plan["latitude"]),
        "longitude": float(plan["longitude"]),
        "time_zone": plan["time_zone"],
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=int(plan["hours"])),
        "capacity": int(plan["capacity"]),
        "min_age": int(plan["min_age"]) if plan["min_age"] else None,
        "cancel_reason": plan["cancel_reason"],
        "created_at": min(starts_at, timezone.now()) - timedelta(days=7),
    }
