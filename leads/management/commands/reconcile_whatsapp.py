"""`manage.py reconcile_whatsapp`: takes in what the gateway remembers and never told us."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from leads.models import WhatsAppInstance
from leads.services import reconciling


class Command(BaseCommand):
    """The same that beat does every few minutes, up to a month back."""

    help = "Compare our messages with those of the gateway, and take in what is missing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--hours", type=float, help="so far back; else since the last time")

    def handle(self, *args: Any, **options: Any) -> None:
        since = None
        if options["hours"]:
            since = timezone.now() - timedelta(hours=options["hours"])
        for instance in WhatsAppInstance.objects.order_by("pk"):
            taken = reconciling.reconcile(instance.pk, since=since)
            self.stdout.write(f"{instance.name}: {taken} taken in.")
