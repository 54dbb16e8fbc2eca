"""`manage.py connect_whatsapp`: makes the number at the gateway and leads its calls to us."""

from argparse import ArgumentParser
from typing import Any, TextIO, cast

import segno
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.errors import DependencyAway
from leads.evolution import gateway
from leads.services import instances


class Command(BaseCommand):
    """May run again at any time: what is there stays, the webhook is set anew."""

    help = "Make the WhatsApp instance at the gateway, set its webhook, show what to scan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--instance", default=settings.EVOLUTION_INSTANCE)
        parser.add_argument(
            "--site", default=settings.SITE_URL, help="where the gateway reaches this site"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.EVOLUTION_URL and settings.EVOLUTION_API_KEY and settings.WEBHOOK_SECRETS):
            raise CommandError("Set EVOLUTION_URL, EVOLUTION_API_KEY and WEBHOOK_SECRET first.")
        try:
            found, code = instances.connect(options["instance"], webhook_base=options["site"])
        except gateway.Refused as refusal:
            raise CommandError(f"The gateway refuses: {refusal.status}.") from refusal
        except DependencyAway as error:
            raise CommandError("The gateway does not answer.") from error
        if options["verbosity"]:
            self.stdout.write(f"{found.name}: {found.state}.")
        if code:
            segno.make(code).terminal(cast(TextIO, self.stdout), compact=True)
            self.stdout.write("Scan this with the phone: WhatsApp, linked devices.")
