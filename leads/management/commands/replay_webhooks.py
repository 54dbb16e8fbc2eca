"""`manage.py replay_webhooks`: what was given up is processed anew."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from leads.models import WebhookEvent
from leads.services import webhooks


class Command(BaseCommand):
    """All of them, the oldest first, or those that are named."""

    help = "Process the gateway's events that were given up anew."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", type=int)
        parser.add_argument("--event", help="only this kind, like messages.upsert")

    def handle(self, *args: Any, **options: Any) -> None:
        events = WebhookEvent.objects.dead().order_by("pk")
        if options["ids"]:
            events = events.filter(pk__in=options["ids"])
        if options["event"]:
            events = events.filter(event=options["event"])
        count = 0
        for event in events.iterator(500):
            try:
                webhooks.replay(event)
            except webhooks.NotGivenUp:
                continue  # another one was quicker
            count += 1
        self.stdout.write(f"Replayed: {count}.")
