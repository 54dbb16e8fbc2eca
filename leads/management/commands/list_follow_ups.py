"""`manage.py list_follow_ups`: who would get what and when; nothing is sent."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from leads.models import Sequence
from leads.services import forecast


class Command(BaseCommand):
    help = "Lists the next follow-ups of each sequence, active or not: who, when, what, or why not."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sequence", help="Only of the sequence of this name.")
        parser.add_argument("--days", type=int, help="With leads of so many days back (7).")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Sequence.objects.order_by("name")
        if name := options["sequence"]:
            found = found.filter(name=name)
        if not found:
            raise CommandError("There is no such sequence.")
        for sequence in found:
            state = "active" if sequence.is_active else "not active"
            self.stdout.write(f"{sequence.name} ({state})")
            for line in forecast.of(sequence, days=options["days"]):
                self.stdout.write(self._told(line))

    def _told(self, line: forecast.Line) -> str:
        """Without names and addresses: what a terminal shows may be kept elsewhere."""
        due_at = timezone.localtime(line.due_at)
        what = f"step {line.step.position} by {line.step.channel}"
        end = f"left out: {line.reason}" if line.reason else line.letter.subject or "goes out"
        return f"  {due_at:%Y-%m-%d %H:%M}  lead {line.lead.pk}  {what}  {end}"
