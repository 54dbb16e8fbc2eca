# PLACEHOLDER
"""Finds passages by their words alone."""

import re
from dataclasses import dataclass

from leads.models import Chunk


@dataclass(frozen=True)
class Evidence:
    chunk_id: int
    document_id: int
    title: str
    url: str
    text: str
    score: float
    coverage: float


@dataclass(frozen=True)
class Retrieved:
    evidence: list[Evidence]
    is_answerable: bool
    coverage: float


def search(question: str, *, limit: int = 8) -> Retrieved:
    words = {word for word in re.findall(r"\w+", question.lower()) if len(word) > 3}
    found = []
    for chunk in Chunk.objects.select_related("document"):
        coverage = sum(word in chunk.text.lower() for word in words) / max(1, len(words))
        if coverage:
            document = chunk.document
            found.append(
                Evidence(
                    chunk.pk,
                    document.pk,
                    document.title,
                    document.url,
                    chunk.text,
                    coverage,
                    coverage,
                )
            )
    found = sorted(found, key=lambda one: -one.score)[:limit]
    best = max((one.coverage for one in found), default=0.0)
    return Retrieved(found, best >= 0.5, best)
