"""Searching a hundred thousand passages, of which one in ten may be found."""

import random
import statistics
import time
from datetime import timedelta

from tests.load.client import Failed
from tests.load.compare import Figure, spread

DOCUMENTS, CHUNKS = 1000, 100_000
CLUSTERS, SPREAD = 500, 0.6
QUERIES, NEAREST = 200, 10
FETCHED = 60  # as many as the product ranks anew: the index gives them in a relaxed order
WORDS, LENGTH = 5000, 60
SHOWN = 0.1  # of the documents
INDEX = """CREATE INDEX embedding_nearest ON leads_embedding
    USING hnsw (vector vector_cosine_ops) WITH (m = 16, ef_construction = 64)"""
SEARCH = """
SELECT embedding.id, embedding.vector <=> %(vector)s::vector AS distance
FROM leads_embedding embedding
JOIN leads_document document ON document.id = embedding.document_id
WHERE embedding.index_version = %(version)s
    AND (document.expires_at IS NULL OR document.expires_at > now())
ORDER BY distance LIMIT %(limit)s
"""
SCAN = "SET LOCAL hnsw.iterative_scan = relaxed_order; SET LOCAL hnsw.ef_search = 100"
EXACT = "SET LOCAL enable_indexscan = off"


def vectors(bench):
    """Build the index, then compare it with looking at every row."""
    from leads.models import KnowledgeIndex

    search = _product_search()
    search("mudas")  # makes the row that says which embeddings serve
    index = KnowledgeIndex.objects.get()
    chance = _numbers(7)
    centres = _unit(chance.standard_normal((CLUSTERS, index.dimension)))
    built_in = _fill(index, centres, chance)
    detail = f"{CHUNKS:,} vectors of {index.dimension}, {CLUSTERS} clusters"
    yield Figure("HNSW index, seconds", built_in, 180, detail)
    yield from _dense(index, _around(centres, chance, QUERIES))
    yield from _hybrid(search)


def _product_search():
    from leads.knowledge.retrieval import search

    return search


def _dense(index, queries):
    found, times = zip(*(_search(index, query, SCAN) for query in queries), strict=True)
    exact = [_search(index, query, EXACT)[0] for query in queries]
    hits = sum(len({*ours} & {*all_}) for ours, all_ in zip(found, exact, strict=True))
    detail = f"{QUERIES} queries, {SHOWN:.0%} of the documents may be found"
    recall = hits / (QUERIES * NEAREST)
    yield Figure(f"recall@{NEAREST} against exact", recall, 0.97, detail, at_least=True)
    yield Figure("short answers", sum(len(ours) < NEAREST for ours in found), 0, detail)
    yield Figure("dense search, p95 in ms", _p95(times), 15, spread(times, " ms"))


def _hybrid(search):
    """The product's own search, of common and rare words, its embedding included."""
    chance = random.Random(7)
    vocabulary = _vocabulary()
    times = []
    for _ in range(QUERIES):
        question = " ".join(chance.choices(vocabulary, _weights(), k=8))
        began = time.perf_counter()
        if not search(question).evidence:
            raise Failed("Nothing was found.")
        times.append((time.perf_counter() - began) * 1000)
    yield Figure("hybrid search, p95 in ms", _p95(times), 80, spread(times, " ms"))


def _search(index, query, mode):
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(mode)
        began = time.perf_counter()
        which = {"version": index.serving_version, "vector": _written(query), "limit": FETCHED}
        cursor.execute(SEARCH, which)
        rows = sorted(cursor.fetchall(), key=lambda row: row[1])[:NEAREST]
        return [pk for pk, _distance in rows], (time.perf_counter() - began) * 1000


def _fill(index, centres, chance):
    """Make documents, passages and vectors; return how long the index took."""
    from django.db import connection

    documents = _documents()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX IF EXISTS embedding_nearest")
        chunks = _chunks(cursor, documents)
        _embeddings(cursor, index, chunks, centres, chance)
        cursor.execute("SET maintenance_work_mem = '512MB'")
        began = time.perf_counter()
        cursor.execute(INDEX)
        seconds = time.perf_counter() - began
        for table in ("leads_document", "leads_chunk", "leads_embedding"):
            cursor.execute(f"VACUUM (ANALYZE) {table}")
    return seconds


def _documents():
    """One in ten may be found; the others have expired."""
    from django.utils import timezone

    from leads.models import Document

    gone, until = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=1)
    return Document.objects.bulk_create(
        Document(
            kind=Document.Kind.FAQ,
            title=f"Documento {number}",
            status=Document.Status.READY,
            expires_at=until if number < DOCUMENTS * SHOWN else gone,
        )
        for number in range(DOCUMENTS)
    )


def _chunks(cursor, documents):
    chance, vocabulary, weights = random.Random(5), _vocabulary(), _weights()
    with cursor.copy("COPY leads_chunk (document_id, position, text) FROM STDIN") as copy:
        for number in range(CHUNKS):
            text = " ".join(chance.choices(vocabulary, weights, k=LENGTH))
            copy.write_row((documents[number % DOCUMENTS].pk, number // DOCUMENTS, text))
    ids = [document.pk for document in documents]
    query = "SELECT id, document_id FROM leads_chunk WHERE document_id = ANY(%s) ORDER BY id"
    return cursor.execute(query, [ids]).fetchall()


def _embeddings(cursor, index, chunks, centres, chance):
    """In portions: all at once would be a gigabyte of text."""
    columns = "chunk_id, document_id, model_id, index_version, vector"
    with cursor.copy(f"COPY leads_embedding ({columns}) FROM STDIN") as copy:
        for start in range(0, len(chunks), 1000):
            portion = chunks[start : start + 1000]
            made = _around(centres, chance, len(portion))
            for (chunk, document), vector in zip(portion, made, strict=True):
                which = (chunk, document, index.model_id, index.serving_version)
                copy.write_row((*which, _written(vector)))


def _around(centres, chance, number):
    """So many vectors of unit length, each near one of the centres."""
    near = centres[chance.integers(len(centres), size=number)]
    noise = chance.standard_normal(near.shape) * SPREAD / near.shape[1] ** 0.5
    return _unit(near + noise)


def _unit(rows):
    import numpy

    return rows / numpy.linalg.norm(rows, axis=1, keepdims=True)


def _numbers(seed):
    import numpy

    return numpy.random.default_rng(seed)


def _written(vector):
    return f"[{','.join(f'{value:.5f}' for value in vector.tolist())}]"


def _vocabulary():
    """Words that look like some, the same in every run."""
    chance = random.Random(3)
    parts = [a + b for a in "bcdfgjlmnprstv" for b in "aeiou"]
    return ["".join(chance.choices(parts, k=4)) for _ in range(WORDS)]


def _weights():
    """As in a language: few are everywhere, most are rare."""
    return [1 / rank for rank in range(1, WORDS + 1)]


def _p95(values):
    return statistics.quantiles(values, n=20)[-1]
