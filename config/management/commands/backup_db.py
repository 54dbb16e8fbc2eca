from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import backups


class Command(BaseCommand):
    help = "Write one backup into BACKUP_DIR."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            path = backups.back_up()
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{path.name}: {path.stat().st_size:,} bytes, read back.")
