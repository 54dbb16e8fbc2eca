"""Questions that a model proposes for passages, so that people's own words lead to them."""

import time

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.errors import DependencyAway
from leads import threads
from leads.agent import asking
from leads.agent.budget import Exhausted
from leads.agent.providers import choice
from leads.models import Chunk, ChunkQuestion, Document
from leads.tasks import knowledge as tasks

# A task stops then and nudges the next, well before its time limit.
LONGEST = 20  # seconds


def propose() -> None:
    """Ask a model, if one has a key, for each passage once; nothing is open while it writes.

    While it is away, or the day's budget is spent, passages wait for the sweep. Whoever is killed
    leaves one passage without: it is found by its own words all the same.
    """
    provider, stop_at = choice.chosen(), time.monotonic() + LONGEST
    while provider.model and (chunk := _claimed()):
        try:
            texts = threads.run(asking.questions, provider, chunk.text)
        except (DependencyAway, Exhausted):
            Chunk.objects.filter(pk=chunk.pk).update(proposed_at=None)
            return
        _keep(chunk, texts)
        if time.monotonic() > stop_at:
            tasks.propose_questions.delay_on_commit()
            return


def _waiting() -> QuerySet[Chunk]:
    """Events and FAQ rows come with their questions."""
    return Chunk.objects.filter(
        proposed_at=None,
        document__status=Document.Status.READY,
        document__kind__in=(Document.Kind.FILE, Document.Kind.URL),
    )


def _claimed() -> Chunk | None:
    """The next passage, which nobody else will ask about."""
    for chunk in _waiting().order_by("pk").defer("words")[:20]:
        free = Chunk.objects.filter(pk=chunk.pk, proposed_at=None)
        if free.update(proposed_at=timezone.now()):
            return chunk
    return None


@transaction.atomic
def _keep(chunk: Chunk, texts: list[str]) -> None:
    mine = Chunk.objects.select_for_update(no_key=True).filter(pk=chunk.pk).first()
    if mine is None:  # its document was read again, or is gone
        return
    rows = [ChunkQuestion(chunk=mine, text=text, origin="model") for text in texts]
    ChunkQuestion.objects.bulk_create(rows, ignore_conflicts=True)
    mine.asked = "\n".join(mine.questions.order_by("pk").values_list("text", flat=True))
    mine.save(update_fields=["asked"])
    tasks.embed_waiting.delay_on_commit()
