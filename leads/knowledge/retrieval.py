"""Finds the passages that may answer a question: by meaning and by words, fused."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import Case, F, FloatField, Min, QuerySet, Value, When
from django.db.models.expressions import RawSQL
from django.utils import timezone
from pgvector.django import CosineDistance

from leads.knowledge import embedding, gate, guard, indexing, wording
from leads.knowledge.gate import Candidate, Term
from leads.models import Chunk, Embedding, KnowledgeIndex
from leads.models.knowledge import WORDS, unexpired

# So many are fetched by each of the two ways.
NEAREST, BY_WORDS = 40, 40
# Passages that are ranked by their words; terms so common that there are more are left out.
MOST_RANKED = 2000
# More than so many passages are not counted: a word of that many says little in any case.
MOST_COUNTED = 1000
MOST_TERMS = 24
# Without it, a filter leaves fewer rows than were asked for.
SCAN = "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100"
COUNT_TERMS = f"""
SELECT term, (SELECT count(*) FROM (
    SELECT 1 FROM leads_chunk WHERE words @@ plainto_tsquery('simple', term) LIMIT %s
) found)
FROM unnest(tsvector_to_array(to_tsvector('{WORDS}', %s))) term LIMIT %s
"""  # noqa: S608


@dataclass(frozen=True)
class Evidence:
    """A passage that may be quoted, with where it stands."""

    chunk_id: int
    document_id: int
    title: str
    url: str
    text: str
    score: float
    coverage: float


@dataclass(frozen=True)
class Retrieved:
    """What was found, the best first, and whether it is enough to answer from."""

    evidence: list[Evidence] = field(default_factory=list)
    is_answerable: bool = False
    coverage: float = 0.0
    confidence: float = 0.0


def search(question: str, *, limit: int = 8) -> Retrieved:
    """Find the passages that may answer; the question is embedded before a transaction begins."""
    asked = wording.plain(question)
    dates = wording.days(question, timezone.localdate())
    index = indexing.index()
    vector = embedding.embed([f"{asked} {dates}".strip()], model_id=index.model_id)[0]
    ranked = find(index, vector, asked, dates)[:limit]
    return Retrieved(
        evidence=[_evidence(candidate) for candidate in ranked],
        is_answerable=gate.is_answerable(ranked) and not guard.is_refused(question),
        coverage=ranked[0].coverage if ranked else 0.0,
        confidence=gate.confidence(ranked),
    )


def find(
    index: KnowledgeIndex, vector: list[float], asked: str, dates: str = ""
) -> list[Candidate]:
    """What is near the vector or holds the words, the best first."""
    with transaction.atomic():
        terms, days = _terms(asked), _terms(dates)
        ids = {*nearest(index, vector), *_by_words([*terms, *days])}
        found = _candidates(index, vector, ids)
    return gate.rank(found, terms, days)


def nearest(index: KnowledgeIndex, vector: list[float]) -> dict[int, float]:
    """The chunks whose text or question is nearest, each with its distance; in a transaction."""
    with connection.cursor() as cursor:
        cursor.execute(SCAN)
    rows = _embeddings(index, vector).filter(unexpired("document__"))
    pairs = rows.order_by("distance").values_list("chunk", "distance")[:NEAREST]  # type: ignore[misc]
    # The order is a relaxed one, and a chunk may come by several of its rows.
    return dict(sorted(pairs, key=lambda pair: -pair[1]))


def _candidates(index: KnowledgeIndex, vector: list[float], ids: set[int]) -> list[Candidate]:
    near = _embeddings(index, vector).filter(chunk__in=ids).values("chunk")
    distances = dict(near.annotate(least=Min("distance")).values_list("chunk", "least"))
    stems = RawSQL("tsvector_to_array(leads_chunk.words)", [])  # noqa: S611
    chunks = Chunk.objects.filter(pk__in=ids).select_related("document").annotate(stems=stems)
    return [
        Candidate(chunk, frozenset(chunk.stems), 1 - distances.get(chunk.pk, 1.0))
        for chunk in chunks.defer("document__text", "words")
    ]


def _embeddings(index: KnowledgeIndex, vector: list[float]) -> QuerySet[Embedding]:
    rows = Embedding.objects.filter(index_version=index.serving_version)
    return rows.annotate(distance=CosineDistance("vector", vector))


def _by_words(terms: list[Term]) -> list[int]:
    """The chunks that hold most of what the question is about, by the rarest of its words."""
    chosen = _rare(terms)
    if not chosen:
        return []
    any_of = SearchQuery(
        " | ".join(_quoted(term.stem) for term in chosen), config="simple", search_type="raw"
    )
    rows = Chunk.objects.filter(unexpired("document__"), words=any_of)
    capped = rows.order_by().values("pk")[: MOST_RANKED * 2]
    score = sum((_points(term) for term in chosen), start=Value(0.0, FloatField()))
    ranked = Chunk.objects.filter(pk__in=capped).annotate(score=score)
    return list(ranked.order_by(F("score").desc(), "pk").values_list("pk", flat=True)[:BY_WORDS])


def _points(term: Term) -> Case:
    query = SearchQuery(_quoted(term.stem), config="simple", search_type="raw")
    return Case(When(words=query, then=Value(term.weight)), default=Value(0.0))


def _quoted(stem: str) -> str:
    """As tsquery reads it, whatever is in it."""
    escaped = stem.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _rare(terms: Iterable[Term]) -> list[Term]:
    chosen, together = list[Term](), 0
    for term in sorted((one for one in terms if one.count), key=lambda one: one.count):
        together += term.count
        if chosen and together > MOST_RANKED:
            break
        chosen.append(term)
    return chosen


def _terms(asked: str) -> list[Term]:
    """The stems of the question that say what it is about, each with its weight."""
    written = " ".join(gate.telling(asked))
    with connection.cursor() as cursor:
        cursor.execute(COUNT_TERMS, [MOST_COUNTED, written, MOST_TERMS])
        counted = cursor.fetchall()
        cursor.execute("SELECT count(*) FROM (SELECT 1 FROM leads_chunk LIMIT 10000) chunk")
        (total,) = cursor.fetchone()
    return [Term(stem, count, gate.weight(count, total)) for stem, count in counted]


def _evidence(candidate: Candidate) -> Evidence:
    chunk = candidate.chunk
    return Evidence(
        chunk_id=chunk.pk,
        document_id=chunk.document_id,
        title=chunk.document.title,
        url=chunk.document.url,
        text=chunk.text,
        score=round(candidate.score, 4),
        coverage=round(candidate.coverage, 4),
    )
