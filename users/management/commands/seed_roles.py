"""`manage.py seed_roles`: the groups of users/roles.py, with what each may do."""

from typing import Any

from django.core.management.base import BaseCommand

from users import roles


class Command(BaseCommand):
    """Runs after each migration, since new models bring new permissions."""

    help = "Make the groups for the roles of staff, with their permissions."

    def handle(self, *args: Any, **options: Any) -> None:
        roles.seed()
        self.stdout.write(f"Roles: {', '.join(roles.ROLES)}.")
