"""Fill a database with as many events, people and participations as a large organisation has."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.db.models import Model

from events import caching
from events.models import Event, EventCategory
from users.models import User

BATCH = 20_000
# The rectangle around Brazil.
SOUTH, NORTH, WEST, EAST = -33.75, 5.27, -73.98, -34.79
CITIES = {
    "São Paulo": (-23.5505, -46.6333),
    "Rio de Janeiro": (-22.9068, -43.1729),
    "Brasília": (-15.7939, -47.8828),
    "Salvador": (-12.9777, -38.5016),
    "Fortaleza": (-3.7319, -38.5267),
    "Belo Horizonte": (-19.9167, -43.9345),
    "Manaus": (-3.1190, -60.0217),
    "Curitiba": (-25.4284, -49.2733),
    "Recife": (-8.0476, -34.8770),
    "Belém": (-1.4558, -48.4902),
}
TITLES = ["Limpeza da praia", "Plantio de ipês", "Medição da água", "Oficina de compostagem"]
TEXT = (
    "Traga luvas, chapéu e uma garrafa de água. Encontro na praça, de onde saímos juntos; "
    "quem vem pela primeira vez aprende com quem já conhece o lugar. Terminamos com um lanche."
)
# What differs between rows, as SQL about their number n.
PEOPLE = {
    "email": "'load' || n || '@example.org'",
    "first_name": "'Pessoa ' || n",
    "last_name": "'da Silva'",
}
# Half of all events are over; nine in ten of the others are published. Starts are spread
# evenly over a year by a stride that has no common factor with its minutes.
STARTS_AT = """date_trunc('day', now()) + CASE WHEN n % 2 = 0 THEN -1 ELSE 1 END
    * (interval '1 day' + n * 7919 % 525600 * interval '1 minute')"""
MEETINGS = {
    "starts_at": STARTS_AT,
    "ends_at": f"{STARTS_AT} + interval '3 hours'",
    "status": """CASE WHEN n % 4 = 0 THEN 'finished' WHEN n % 4 = 2 THEN 'archived'
        WHEN n % 20 = 1 THEN 'cancelled' WHEN n % 40 = 3 THEN 'draft' ELSE 'published' END""",
    "cancel_reason": "CASE WHEN n % 20 = 1 THEN 'Chuva forte' ELSE '' END",
    "capacity": "5 + n % 40",
    "venue_code": "'load-' || n",
    "created_at": "now() - interval '400 days' + n % 1000000 * interval '1 second'",
}
# The place of the person who came in round r: the first get the seats, every ninth has left,
# and of past events some did not come.
PLACE = """CASE WHEN r % 9 = 8 THEN 'left' WHEN r > 5 + n % 40 THEN 'waitlisted'
    WHEN n % 2 = 0 AND (n + r) % 7 = 0 THEN 'no_show' ELSE 'confirmed' END"""
SEATS_TAKEN = f"(SELECT count(*) FROM generate_series(1, {{}}) r WHERE {PLACE} = 'confirmed')"  # noqa: S608
JOIN = f"""
INSERT INTO events_eventparticipant (event_id, user_id, status, joined_at, ticket_code, visit)
SELECT n, %s + (n * 31 + r) % %s, {PLACE}, event.created_at + r * interval '1 minute',
    'load-' || n || '-' || r, 1
FROM generate_series(%s, %s) n JOIN events_event event ON event.id = n
CROSS JOIN generate_series(1, %s) r
""".replace("% ", "%% ")  # noqa: S608


class Command(BaseCommand):
    help = "Generate events, people and participations to measure speed with."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--events", type=int, default=100_000)
        parser.add_argument("--users", type=int, default=50_000)
        parser.add_argument("--participations", type=int, default=1_000_000)
        parser.add_argument("--clustered", action="store_true", help="around ten cities")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.ENVIRONMENT == "production":
            raise CommandError("This would bury the real events under invented ones.")
        rounds = options["participations"] // options["events"]
        if rounds > options["users"]:
            raise CommandError("Nobody can join the same event twice: give fewer participations.")
        progress = Progress(options["users"] + options["events"] * (1 + rounds))
        users = insert(User(), options["users"], PEOPLE, progress)
        category, _ = EventCategory.objects.get_or_create(slug="load", defaults={"name": "Carga"})
        sample = Event(category=category, description=TEXT, address="Praça Central, 1")
        differs = {**MEETINGS, **places(clustered=options["clustered"])}
        differs["organizer_id"] = f"{users.start} + n * 7 % {len(users)}"
        differs["seats_taken"] = SEATS_TAKEN.format(rounds)
        events = insert(sample, options["events"], differs, progress)
        join(users, events, rounds, progress)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
        caching.events_changed()
        progress.finish()


class Progress:
    """A bar that shows how many of all rows are there."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0

    def advance(self, number: int) -> None:
        self.done += number
        share = self.done / self.total
        sys.stderr.write(f"\r[{'#' * int(share * 40):40}] {share:4.0%} of {self.total:,} rows")
        sys.stderr.flush()

    def finish(self) -> None:
        sys.stderr.write("\n")


def places(*, clustered: bool) -> dict[str, str]:
    """Where events are: anywhere in Brazil, or most of them within 20 km of a city."""
    latitudes = [latitude for latitude, _ in CITIES.values()]
    longitudes = [longitude for _, longitude in CITIES.values()]
    spread = {
        "latitude": f"{SOUTH} + random() * {NORTH - SOUTH}",
        "longitude": f"{WEST} + random() * {EAST - WEST}",
    }
    around = {
        "latitude": f"{_turns(latitudes)} + random_normal(0, 0.1)",
        "longitude": f"{_turns(longitudes)} + random_normal(0, 0.1)",
    }
    named = {"title": f"{_turns(TITLES)} || ' ' || n", "city": _turns(list(CITIES))}
    return named | (around if clustered else spread)


def _turns(values: list[Any]) -> str:
    # Not by n % 10, which decides other things too.
    return f"(ARRAY{values})[1 + n / 40 % {len(values)}]"


def insert(sample: Model, number: int, differs: dict[str, str], progress: Progress) -> range:
    """Insert rows like the sample but for what differs, and return their ids."""
    table = sample._meta.db_table
    same = {
        field.column: field.get_db_prep_save(field.pre_save(sample, add=True), connection)
        for field in sample._meta.concrete_fields
        if field.column not in differs
        and not (field.primary_key or field.generated or field.has_db_default())
    }
    columns = ", ".join(["id", *map(str, same), *differs])
    sql = [expression.replace("%", "%%") for expression in differs.values()]
    values = ", ".join(["n", *["%s"] * len(same), *sql])
    statement = f"INSERT INTO {table} ({columns}) SELECT {values} FROM generate_series(%s, %s) n"  # noqa: S608
    ids = reserve(table, number)
    for batch in batches(ids, BATCH):
        execute(statement, [*same.values(), batch.start, batch.stop - 1])
        progress.advance(len(batch))
    return ids


def join(users: range, events: range, rounds: int, progress: Progress) -> None:
    """Let so many people join each event."""
    for batch in batches(events, BATCH // max(rounds, 1)):
        last = batch.stop - 1
        execute(JOIN, [users.start, len(users), batch.start, last, rounds])
        progress.advance(len(batch) * rounds)


def reserve(table: str, number: int) -> range:
    """Ids in one piece, which nobody else is given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        (sequence,) = cursor.fetchone()
        cursor.execute("SELECT setval(%s, nextval(%s) + %s)", [sequence, sequence, number - 1])
        (last,) = cursor.fetchone()
    return range(last - number + 1, last + 1)


def batches(numbers: range, size: int) -> list[range]:
    return [numbers[start : start + size] for start in range(0, len(numbers), size)]


@transaction.atomic
def execute(statement: str, parameters: Any) -> None:
    """Run a statement, if we may without history and foreign keys: both hold for what it makes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if cursor.fetchone() == (True,):
            cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(statement, parameters)
