"""Decides whether what was found is enough to answer from.

By how much of what the question speaks of is in the passage, weighted by how telling each word
is: a near miss is near in meaning, but names what no passage names.
"""

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass

from leads.knowledge import wording
from leads.models import Chunk

# Chosen on the development half of tests/leads/evaluation (docs/decisions/knowledge.md): how much
# nearness in meaning counts in the order and in the decision, which of the best decide, and how
# sure they must be.
MEANING = 0.65
MEANING_OF_GATE = 0.5
DECIDING = 3
THRESHOLD = 0.35
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
    score: float = 0.0


def telling(asked: str) -> list[str]:
    """The words of a question without those that say nothing about it."""
    words = wording.WORD.findall(asked)
    return [word for word in words if wording.bare(word) not in wording.EMPTY]


def weight(count: int, total: int) -> float:
    """Inverse document frequency: a word of one passage tells most, one of all passages nothing."""
    return math.log(1 + total / (count + 0.5))


def rank(candidates: list[Candidate], terms: list[Term], days: list[Term]) -> list[Candidate]:
    """Score each by meaning and words; the best first.

    The dates of the days that were named order what is found, but are no evidence: "how is the
    weather today" is not answered by what takes place today.
    """
    meant = _respelled(candidates, terms)
    for one in candidates:
        one.coverage = _held(terms, meant, one.stems)
        words = _held([*terms, *days], meant, one.stems)
        one.score = _mixed(one.nearness, words, MEANING)
    return sorted(candidates, key=lambda one: (-one.score, one.chunk.pk))


def _held(terms: list[Term], meant: dict[str, str], stems: frozenset[str]) -> float:
    """How much of the terms a passage holds, by their weight."""
    total = sum(term.weight for term in terms)
    held = sum(term.weight for term in terms if meant.get(term.stem, term.stem) in stems)
    return held / total if total else 0.0


def confidence(ranked: list[Candidate]) -> float:
    """How sure we are that one of the best answers; between 0 and 1."""
    best = ranked[:DECIDING]
    sure = (_mixed(one.nearness, one.coverage, MEANING_OF_GATE) for one in best)
    return max(sure, default=0.0)


def is_answerable(ranked: list[Candidate]) -> bool:
    return confidence(ranked) >= THRESHOLD


def _mixed(nearness: float, coverage: float, meaning: float) -> float:
    return meaning * nearness + (1 - meaning) * coverage


def _respelled(candidates: Iterable[Candidate], terms: list[Term]) -> dict[str, str]:
    """What was meant by words that no passage holds, where one of a found passage is alike."""
    stems = sorted({stem for candidate in candidates for stem in candidate.stems})
    meant: dict[str, str] = {}
    for term in terms:
        if not term.count and len(term.stem) >= SHORTEST_MISSPELLED:
            near = difflib.get_close_matches(term.stem, stems, n=1, cutoff=SIMILAR)
            meant |= {term.stem: near[0]} if near else {}
    return meant
