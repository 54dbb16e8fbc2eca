"""Cuts a text into passages as long as a person would quote, each under its heading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 900  # letters of a passage
MOST = 2000  # passages of a document
HEADING = re.compile(r"#{1,6} +(?P<heading>.+)")
QUESTION = re.compile(r"\? +(?P<question>.+)")
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True)
class Passage:
    """Text with its heading in the first line, and the questions that it is said to answer."""

    text: str
    questions: tuple[str, ...] = ()


def cut(text: str) -> list[Passage]:
    """Cut at headings, then between paragraphs and sentences.

    A line that begins with `? ` is a question that its section answers, in a person's words.
    """
    passages: list[Passage] = []
    for heading, lines in _sections(text):
        questions = tuple(_questions(lines))
        body = "\n".join(line for line in lines if not QUESTION.fullmatch(line)).strip()
        for piece in _pieces(body):
            passages.append(Passage(f"{heading}\n{piece}".strip(), questions))
    return passages[:MOST]


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    heading, lines = "", list[str]()
    for line in text.splitlines():
        if found := HEADING.fullmatch(line):
            yield heading, lines
            heading, lines = found["heading"][:200], []
        else:
            lines.append(line)
    yield heading, lines


def _questions(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if found := QUESTION.fullmatch(line):
            yield found["question"][:300]


def _pieces(body: str) -> Iterator[str]:
    """Paragraphs together while they are short; what is too long alone is cut at sentences."""
    piece = ""
    for part in _parts(body):
        if piece and len(piece) + len(part) > LONGEST:
            yield piece
            piece = ""
        piece = f"{piece}\n{part}" if piece else part
    if piece:
        yield piece


def _parts(body: str) -> Iterator[str]:
    for paragraph in re.split(r"\n{2,}", body):
        if len(paragraph) <= LONGEST:
            yield paragraph
            continue
        for sentence in SENTENCE_END.split(paragraph):
            for start in range(0, len(sentence), LONGEST):
                yield sentence[start : start + LONGEST]
