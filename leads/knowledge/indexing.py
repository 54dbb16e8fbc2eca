"""Chunks and their vectors: written whole or not at all, for each version of the index."""

import hashlib
from collections.abc import Iterable

from django.utils import timezone

from leads.knowledge import chunks, embedding
from leads.knowledge.chunks import Passage
from leads.models import Chunk, ChunkQuestion, Document, Embedding, KnowledgeIndex

Vectors = dict[str, list[float]]
BATCH = 500


def index() -> KnowledgeIndex:
    """The one row that says which version serves."""
    row, _created = KnowledgeIndex.objects.get_or_create(
        pk=1, defaults={"model_id": embedding.CURRENT}
    )
    return row


def versions(row: KnowledgeIndex) -> dict[int, str]:
    """The model of each version that is kept: the one that serves, and the one that is built."""
    found = {row.serving_version: row.model_id}
    if row.building_version:
        found[row.building_version] = row.building_model_id
    return found


def checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def vectors_of(texts: Iterable[str], row: KnowledgeIndex) -> dict[str, Vectors]:
    """By model, the vector of each text; slow, so never inside a transaction."""
    wanted = sorted(set(texts))
    return {
        model_id: dict(zip(wanted, embedding.embed(wanted, model_id=model_id), strict=True))
        for model_id in set(versions(row).values())
    }


def passages_of(document: Document, text: str) -> list[Passage]:
    """What is found of a document: an FAQ row is one passage, whose title is the question."""
    if document.kind == Document.Kind.FAQ:
        return [Passage(f"{document.title}\n{text}", (document.title,))]
    return chunks.cut(text)


def write(document: Document, passages: list[Passage], vectors: dict[str, Vectors]) -> None:
    """Put these passages in the place of what there is; call it inside a transaction.

    What others than the document asked of a passage stays with it while its text is the same.
    """
    row = lock_index()
    kept = _kept_questions(document)
    document.chunks.all().delete()
    asked = [_asked(passage, kept) for passage in passages]
    made = Chunk.objects.bulk_create(
        [
            Chunk(
                document=document,
                position=number,
                text=one.text,
                asked="\n".join(questions),
                # What a model said of the same text stays; it is not asked again.
                proposed_at=timezone.now() if "model" in questions.values() else None,
            )
            for number, (one, questions) in enumerate(zip(passages, asked, strict=True))
        ],
        batch_size=BATCH,
    )
    questions = ChunkQuestion.objects.bulk_create(
        [
            ChunkQuestion(chunk=chunk, text=text, origin=origin)
            for chunk, questions in zip(made, asked, strict=True)
            for text, origin in questions.items()
        ],
        batch_size=BATCH,
    )
    write_vectors(row, [*made, *questions], vectors)


def write_vectors(
    row: KnowledgeIndex, things: Iterable[Chunk | ChunkQuestion], vectors: dict[str, Vectors]
) -> None:
    """Store the vector of each, for each version whose model gave one."""
    found = []
    for version, model_id in versions(row).items():
        by_text = vectors.get(model_id, {})
        found += [
            _embedding(thing, version, model_id, by_text[thing.text])
            for thing in things
            if thing.text in by_text
        ]
    Embedding.objects.bulk_create(found, batch_size=BATCH, ignore_conflicts=True)


def lock_index() -> KnowledgeIndex:
    """So that no swap comes between reading which versions there are and writing for them."""
    index()
    return KnowledgeIndex.objects.select_for_update().get(pk=1)


def _embedding(
    thing: Chunk | ChunkQuestion, version: int, model_id: str, vector: list[float]
) -> Embedding:
    chunk = thing if isinstance(thing, Chunk) else thing.chunk
    question = thing if isinstance(thing, ChunkQuestion) else None
    return Embedding(
        chunk=chunk,
        question=question,
        document_id=chunk.document_id,
        model_id=model_id,
        index_version=version,
        vector=vector,
    )


def _asked(passage: Passage, kept: dict[str, dict[str, str]]) -> dict[str, str]:
    """The questions of a passage, each with who asked it."""
    own = dict.fromkeys(passage.questions, str(ChunkQuestion.Origin.DOCUMENT))
    return {**kept.get(passage.text, {}), **own}


def _kept_questions(document: Document) -> dict[str, dict[str, str]]:
    rows = ChunkQuestion.objects.filter(chunk__document=document)
    found: dict[str, dict[str, str]] = {}
    for question in rows.exclude(origin="document").select_related("chunk").order_by("pk"):
        found.setdefault(question.chunk.text, {})[question.text] = question.origin
    return found
