"""Fills an empty knowledge base with the demo's."""

from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand
from django.db import transaction

from leads.models import Document
from leads.services import knowledge

DEMO = Path(__file__).parents[2] / "demo" / "knowledge"


class Command(BaseCommand):
    help = "Loads demo knowledge in Portuguese; what is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        made = [document for path in sorted(DEMO.glob("*.md")) if (document := _add(path))]
        # Events come by beat as well, but whoever tries it asks at once.
        knowledge.refresh_events()
        self.stdout.write(f"Demo knowledge: {len(made)} new documents.")


@transaction.atomic
def _add(path: Path) -> Document | None:
    text = path.read_text("utf-8")
    document, is_new = Document.objects.get_or_create(
        source=f"demo:{path.name}",
        defaults={
            "kind": Document.Kind.FILE,
            "title": text.partition("\n")[0].removeprefix("# "),
            "file": ContentFile(text.encode(), path.name),
        },
    )
    if is_new:
        knowledge.reread(document)
    return document if is_new else None
