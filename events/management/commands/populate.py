"""Fills an empty installation with demo data."""

import csv
import secrets
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from config import totals
from config.images import Picture
from events import services
from events.management import demo, landscapes
from events.models import Event, EventCategory, EventParticipant, EventReport, WaiverAcceptance
from users import services as users
from users.models import User

DEMO = Path(__file__).parents[2] / "demo"
Row = dict[str, str]
# What one person does of each kind.
EACH = {
    "waste": Decimal(12),
    "seedlings": Decimal(15),
    "area": Decimal(40),
    "readings": Decimal(6),
    "people_taught": Decimal(4),
}
SUMMARY = "Terminamos no horário e deixamos o lugar melhor do que encontramos."
CAPTIONS = {
    "before": "Antes do mutirão",
    "during": "Mãos à obra",
    "after": "O mesmo lugar no fim do dia",
}


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
            event = _make_event(plan, organizer, others)
            if event.status != Event.Status.DRAFT:
                demo.add_resources(event)
                demo.add_comments(event, number)
        _make_series(people)
        services.archive_old_events()
        *old, latest = Event.objects.held().past().order_by("ends_at")
        for event in old:
            report = services.approve_report(_report(event), by=people[-1])
            services.process_report_statistics(report.pk)
        _report(latest, is_decided=False)
        services.generate_monthly_report()
        totals.count()  # or the charts of the dashboard would stay empty until the hour is full
        users.update_statistics()
        users.evaluate_badges(tells=False)  # nobody lives at these addresses
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


def _make_event(plan: Row, organizer: User, others: list[User]) -> Event:
    people = others[: int(plan["people"])]
    event = Event(organizer=organizer, status=plan["status"], **_fields(plan))
    event.seats_taken = min(len(people), event.capacity)
    event.save()
    event.co_organizers.add(others[-1])
    # Not by `join`, which writes mails: nobody lives at these addresses.
    EventParticipant.objects.bulk_create(_places(event, people))
    if event.is_over and event.status == Event.Status.PUBLISHED:
        services.finish(event.pk)
        _add_photos(event, people)
    return event


def _report(event: Event, *, is_decided: bool = True) -> EventReport:
    """Submit what came of a past event, and what each person did of it, decided or waiting."""
    visitors = event.participants.filter(checked_in_at__isnull=False).select_related("user")
    each = {kind: EACH[kind] for kind in event.category.metrics}
    figures = {kind: amount * (len(visitors) + 2) for kind, amount in each.items()}
    photos = event.photos.filter(status="shown")
    services.save_report(event, by=event.organizer, summary=SUMMARY, figures=figures, photos=photos)
    for kind in list(each)[:1]:
        for number, place in enumerate(visitors):
            by = event.organizer if is_decided else place.user
            amount = each[kind] * (2 + number % 3) // 3
            services.add_contribution(event, place.user, kind=kind, amount=amount, by=by)
    return services.submit_report(event, by=event.organizer)


def _add_photos(event: Event, people: list[User]) -> None:
    """One place before, during and after; of each third event they wait for staff."""
    Event.objects.filter(pk=event.pk).update(photos_need_approval=event.pk % 3 == 0)
    pairs: dict[str, int] = {}
    for stage, caption in CAPTIONS.items():
        photo = services.add_photo(
            event,
            event.organizer,
            picture=Picture(landscapes.draw(event.pk, stage)),
            stage=stage,
            caption=caption,
            pair_with=pairs.get("before") if stage == "after" else None,
        )
        pairs[stage] = photo.pk
    if event.pk % 3 == 1:
        services.flag_photo(photo, people[0], reason="other", note="Não é deste dia.")


def _make_series(people: list[User]) -> None:
    """A garden that is watered every Saturday; who comes accepts its waiver."""
    saturday = timezone.localdate() + timedelta(days=12 - timezone.localdate().weekday())
    starts_at = datetime.combine(saturday, time(8), ZoneInfo("America/Sao_Paulo"))
    fields = {
        "title": "Rega da horta comunitária",
        "description": "Todo sábado: rega, capina e café.",
        "category": EventCategory.objects.get(slug="plantio"),
        "city": "Florianópolis",
        "address": "Rua das Gaivotas, 40",
        "latitude": -27.4386,
        "longitude": -48.3982,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "time_zone": "America/Sao_Paulo",
        "capacity": 12,
        "co_organizers": [people[1]],
        "status": Event.Status.PUBLISHED,
    }
    series = services.start_series(
        people[0],
        fields,
        rule="FREQ=WEEKLY;BYDAY=SA",
        waiver="Sigo as orientações de quem coordena e uso luvas.",
        resources=[{"name": "Regador", "description": "De dez litros.", "needed": 6}],
    )
    first = series.events.order_by("series_slot")[0]
    EventParticipant.objects.bulk_create(_places(first, people[2:6]))
    first.seats_taken = 4
    first.save(update_fields=["seats_taken"])
    waiver = first.waivers.get()
    # The last one has not accepted it yet.
    WaiverAcceptance.objects.bulk_create(
        WaiverAcceptance(waiver=waiver, user=person) for person in people[2:5]
    )


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
