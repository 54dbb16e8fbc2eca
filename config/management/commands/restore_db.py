from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backups


class Command(BaseCommand):
    help = "Replace the database by that of a backup. Nothing else may be connected to it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="overwrite a database in use")
        parser.add_argument("--check", action="store_true", help="only look whether it would do")

    def handle(self, *args: Any, file: Path, force: bool, check: bool, **options: Any) -> None:
        try:
            made_at = backups.look(file, force=force).made_at
            if not check:
                backups.restore(file, force=force)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        done = "can be restored" if check else "is restored"
        self.stdout.write(f"{file.name} of {made_at} {done}.")
