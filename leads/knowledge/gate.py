"""Decides whether what was found is enough to answer from.

By how much of what the question speaks of is in the passage, weighted by how telling each word
is: a near miss is near in meaning, but names what no passage names.
"""

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from leads.knowledge import wording
from leads.models import Chunk

# Chosen on the development half of tests/leads/evaluation (docs/decisions/knowledge.md).
MEANING = 0.5
THRESHOLD = 0.5
# A word that no passage holds may be a misspelled one.
SHORTEST_MISSPELLED = 4
SIMILAR = 0.8


@dataclass(frozen=True)
class Term:
    """A word stem of the question, in how many passages it stands, and how much it tells."""

    stem: str
    count: int
    weight: float


@dataclass
class Candidate:
    """A passage, the stems of its words and questions, and how near it is in meaning."""

    chunk: Chunk
    stems: frozenset[str]
    nearness: float
    coverage: float = 0.0
    score: float = field(default=0.0)


def telling(asked: str) -> list[str]:
    """The words of a question without those that say nothing about it."""
    words = wording.WORD.findall(asked)
    return [word for word in words if wording.bare(word) not in wording.EMPTY]


def weight(count: int, total: int) -> float:
    """Inverse document frequency: a word of one passage tells most, one of all passages nothing."""
    return math.log(1 + total / (count + 0.5))


def rank(candidates: list[Candidate], terms: list[Term]) -> list[Candidate]:
    """Score each by meaning and words; the best first."""
    known = _respelled(candidates, terms)
    total = sum(term.weight for term in terms)
    for candidate in candidates:
        held = sum(term.weight * known(term, candidate.stems) for term in terms)
        candidate.coverage = held / total if total else 0.0
        candidate.score = MEANING * candidate.nearness + (1 - MEANING) * candidate.coverage
    return sorted(candidates, key=lambda one: (-one.score, one.chunk.pk))


def confidence(ranked: list[Candidate], terms: list[Term]) -> float:
    return ranked[0].score if ranked else 0.0


def is_answerable(ranked: list[Candidate], terms: list[Term]) -> bool:
    return confidence(ranked, terms) >= THRESHOLD


def _respelled(candidates: Iterable[Candidate], terms: list[Term]):  # noqa: ANN202
    """How far a passage holds a term: whole, or as far as the word that was meant is alike."""
    all_stems = sorted({stem for candidate in candidates for stem in candidate.stems})
    meant: dict[str, str] = {}
    for term in terms:
        if not term.count and len(term.stem) >= SHORTEST_MISSPELLED:
            near = difflib.get_close_matches(term.stem, all_stems, n=1, cutoff=SIMILAR)
            if near:
                meant[term.stem] = near[0]

    def held(term: Term, stems: frozenset[str]) -> float:
        return float(term.stem in stems or meant.get(term.stem) in stems)

    return held
