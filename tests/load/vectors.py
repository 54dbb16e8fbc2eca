"""100,000 passages with vectors in clusters: what is found of what is near, and how quickly."""

import random
import statistics
import time

from tests.load.client import Failed
from tests.load.compare import Figure

CHUNKS, PER_DOCUMENT, CLUSTERS, DIMENSION = 100_000, 100, 400, 512
# Of ten documents nine have expired: the filter that each search has.
CURRENT = 10
QUESTIONS = 200
SEED = 5
WORDS, WORDS_OF_CHUNK, WORDS_OF_QUESTION = 20_000, 40, 6
FILL = f"""
INSERT INTO leads_document (kind, title, url, file, text, source, checksum, status, error, attempts,
    expires_at, created_at, updated_at)
SELECT 'file', 'Documento ' || n, '', '', '', '', '', 'ready', '', 0,
    CASE WHEN n % {CURRENT} = 0 THEN NULL ELSE now() - interval '1 day' END, now(), now()
FROM generate_series(1, {CHUNKS // PER_DOCUMENT}) n RETURNING id
"""  # noqa: S608
EXACT = """
SELECT e.chunk_id FROM leads_embedding e JOIN leads_document d ON d.id = e.document_id
WHERE d.expires_at IS NULL ORDER BY e.vector <=> %s::halfvec LIMIT 10
"""
CREATE = """CREATE INDEX embedding_nearest ON leads_embedding
    USING hnsw (vector halfvec_cosine_ops) WITH (m = 16, ef_construction = 64)"""


def vectors(bench):
    """Searching among 100,000 passages, of which a filter leaves one in ten."""
    from django.db import connection

    from leads.knowledge import indexing, retrieval

    centres, vocabulary = _fill(connection)
    built = _build(connection)
    yield Figure("vectors: building the index, seconds", built, 180, f"{CHUNKS:,} of {DIMENSION}")
    index, asked = indexing.index(), list(_questions(centres, vocabulary))
    from django.db import transaction

    dense, hybrid, recalls, shortest = [], [], [], retrieval.NEAREST
    for vector, words in asked:
        with transaction.atomic():
            began = time.perf_counter()
            found = retrieval.nearest(index, vector)
            dense.append((time.perf_counter() - began) * 1000)
            exact = _exact(connection, vector)
        shortest = min(shortest, len(found))
        ten = sorted(found, key=found.get)[:10]
        recalls.append(len({*ten} & {*exact}) / 10)
        began = time.perf_counter()
        if not retrieval.find(index, vector, words):
            raise Failed("Nothing was found.")
        hybrid.append((time.perf_counter() - began) * 1000)
    detail = f"{QUESTIONS} questions, worst {min(recalls):.1f}; a filter leaves 1 in {CURRENT}"
    recall = statistics.mean(recalls)
    yield Figure("vectors: recall@10 against exact", recall, 0.97, detail, at_least=True)
    wanted = retrieval.NEAREST
    detail = f"of {wanted} asked for"
    yield Figure("vectors: rows of the shortest answer", shortest, wanted, detail, at_least=True)
    yield _p95("vectors: dense, p95 ms", 15, dense)
    yield _p95("vectors: hybrid with ranking, p95 ms", 80, hybrid)


def _p95(name, goal, times):
    return Figure(
        name, statistics.quantiles(times, n=20)[-1], goal, f"median {statistics.median(times):.1f}"
    )


def _fill(connection):
    """Documents, passages of words as common as in a language, and vectors around centres."""
    import numpy
    from pgvector import HalfVector
    from pgvector.psycopg import register_vector

    draw = numpy.random.default_rng(SEED)
    centres = draw.standard_normal((CLUSTERS, DIMENSION)).astype("float32")
    chooser = random.Random(SEED)
    vocabulary = _vocabulary(chooser)
    connection.ensure_connection()
    register_vector(connection.connection)  # before a cursor is made, which takes it over
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX embedding_nearest")
        cursor.execute(FILL)
        documents = [row[0] for row in cursor.fetchall()]
        columns = "document_id, position, text, asked"
        with cursor.copy(f"COPY leads_chunk ({columns}) FROM STDIN") as copy:
            for number in range(CHUNKS):
                text = " ".join(_words(chooser, vocabulary, WORDS_OF_CHUNK))
                copy.write_row((documents[number // PER_DOCUMENT], number, text, ""))
        made = "SELECT id, document_id FROM leads_chunk WHERE document_id = ANY(%s) ORDER BY id"
        cursor.execute(made, [documents])
        rows = cursor.fetchall()
        columns = "chunk_id, document_id, model_id, index_version, vector"
        with cursor.copy(f"COPY leads_embedding ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["int8", "int8", "varchar", "int4", "halfvec"])
            for chunk, document in rows:
                vector = HalfVector(_near(draw, centres).tolist())
                copy.write_row((chunk, document, "use-multilingual-3", 1, vector))
        cursor.execute("VACUUM (ANALYZE) leads_chunk, leads_embedding, leads_document")
    return centres, vocabulary


def _build(connection):
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(CREATE)
    return time.perf_counter() - began


def _near(draw, centres):
    """A vector of unit length around one of the centres."""
    noise = draw.standard_normal(DIMENSION).astype("float32")
    vector = centres[draw.integers(len(centres))] + 0.8 * noise
    return vector / (vector @ vector) ** 0.5


def _questions(centres, vocabulary):
    import numpy

    draw, chooser = numpy.random.default_rng(SEED + 1), random.Random(SEED + 1)
    for _ in range(QUESTIONS):
        words = " ".join(_words(chooser, vocabulary, WORDS_OF_QUESTION))
        yield _near(draw, centres).tolist(), words


def _vocabulary(chooser):
    syllables = [a + b for a in "bcdfglmnprstvz" for b in "aeiou"]
    words = ["".join(chooser.choices(syllables, k=chooser.randint(2, 5))) for _ in range(WORDS)]
    weights = [1 / (place + 3) for place in range(WORDS)]
    return words, weights


def _words(chooser, vocabulary, number):
    words, weights = vocabulary
    return chooser.choices(words, weights, k=number)


def _exact(connection, vector):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute(EXACT, [str(vector)])
        found = [row[0] for row in cursor.fetchall()]
        cursor.execute("SET LOCAL enable_indexscan = on")
    return found
