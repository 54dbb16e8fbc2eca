"""Makes a new version of the index and lets it serve when it is whole."""

from typing import Any

from django.core.management.base import BaseCommand

from leads.knowledge import indexing
from leads.models import Embedding
from leads.services import reindexing


class Command(BaseCommand):
    help = "Embeds all knowledge anew with the current model; killed and run again, it goes on."

    def handle(self, *args: Any, **options: Any) -> None:
        reindexing.reindex()
        row = indexing.index()
        count = Embedding.objects.filter(index_version=row.serving_version).count()
        self.stdout.write(f"Version {row.serving_version} serves: {count} vectors, {row.model_id}.")
