"""Vectors that are missing are made; a new version of the index serves when it is whole."""

import time
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from leads.knowledge import embedding, indexing
from leads.models import Chunk, ChunkQuestion, Embedding, KnowledgeIndex
from leads.tasks import knowledge as tasks

BATCH = 100
# A task stops then and nudges the next, well before its time limit.
LONGEST = 20  # seconds
DELETED_AT_ONCE = 5000


def embed_waiting() -> None:
    """Embed what has no vector yet in a version that is kept; go on in another task."""
    stop_at = time.monotonic() + LONGEST
    while _embed_some():
        if time.monotonic() > stop_at:
            tasks.embed_waiting.delay_on_commit()
            return


def reindex(model_id: str = embedding.CURRENT) -> None:
    """Embed everything anew beside what serves, then swap; after a kill it goes on.

    Documents that come meanwhile are written for both versions.
    """
    _begin(model_id)
    while not _swap():
        _embed_some()
    _delete_old()


@transaction.atomic
def _begin(model_id: str) -> None:
    row = indexing.lock_index()
    if row.building_model_id != model_id:
        # Of a version that was begun with another model nothing is of use.
        last = row.building_version or row.serving_version
        row.building_version, row.building_model_id = last + 1, model_id
        row.save()


@transaction.atomic
def _swap() -> bool:
    """Let the new version serve if no passage or question lacks its vector in it."""
    row = indexing.lock_index()
    version = row.building_version
    if version is None:
        return True
    if any(missing.exists() for missing in _missing(version)):
        return False
    row.serving_version, row.model_id = version, row.building_model_id
    row.building_version, row.building_model_id = None, ""
    row.swapped_at = timezone.now()
    row.save()
    return True


def _embed_some() -> bool:
    """Embed one batch of one version, if anything is missing in any."""
    row = indexing.index()
    for version in indexing.versions(row):
        for missing in _missing(version):
            if batch := list(missing.order_by("pk")[:BATCH]):
                _embed(row, missing.filter(pk__in=[one.pk for one in batch]), batch)
                return True
    return False


def _embed(
    row: KnowledgeIndex,
    missing: "QuerySet[Any]",
    batch: list[Any],
) -> None:
    vectors = indexing.vectors_of([one.text for one in batch], row)
    with transaction.atomic():
        locked = indexing.lock_index()
        # Those that are still there: their rows are held until the vectors stand beside them.
        there = list(missing.select_for_update(of=("self",), no_key=True))
        indexing.write_vectors(locked, there, vectors)


def _missing(version: int) -> "tuple[QuerySet[Chunk], QuerySet[ChunkQuestion]]":
    made = Embedding.objects.filter(index_version=version)
    of_chunk = Exists(made.filter(chunk=OuterRef("pk"), question=None))
    of_question = Exists(made.filter(question=OuterRef("pk")))
    return (
        Chunk.objects.filter(~of_chunk),
        ChunkQuestion.objects.filter(~of_question).select_related("chunk"),
    )


def _delete_old() -> None:
    kept = list(indexing.versions(indexing.index()))
    old = Embedding.objects.exclude(index_version__in=kept)
    while ids := list(old.values_list("pk", flat=True)[:DELETED_AT_ONCE]):
        Embedding.objects.filter(pk__in=ids).delete()
