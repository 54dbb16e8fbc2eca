"""Builds derived numbers again from the rows they stand for."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from events import services as events
from users import services as users


class Command(BaseCommand):
    help = "Rebuilds counters of seats and pledges and ledger totals, and reports what differed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="change nothing; exit with 1 on a difference"
        )

    def handle(self, *args: Any, check: bool, **options: Any) -> None:
        number = self._seats(check) + self._pledges(check) + self._totals(check)
        if not number:
            self.stdout.write("All numbers are right: 0 differences.")
        elif check:
            self.stdout.write(f"{number} differences.")
            sys.exit(1)
        else:
            self.stdout.write(f"{number} differences, mended.")

    def _seats(self, check: bool) -> int:
        wrong = events.miscounted_seats()
        for event, confirmed in wrong:
            self.stdout.write(f"Event {event}: {event.seats_taken} seats taken, not {confirmed}.")
            if not check:
                events.recount_seats(event)
        return len(wrong)

    def _pledges(self, check: bool) -> int:
        wrong = events.miscounted_resources()
        for resource, total in wrong:
            self.stdout.write(f"Resource {resource}: {resource.pledged} pledged, not {total}.")
            if not check:
                events.recount_resource(resource)
        return len(wrong)

    def _totals(self, check: bool) -> int:
        with transaction.atomic():
            number = users.recount()
            transaction.set_rollback(check)
        if number:
            self.stdout.write(f"Ledger: {number} totals differ from their lines.")
        return number
