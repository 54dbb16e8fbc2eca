"""The built-in provider: it quotes what was found, offers a person, and asserts nothing."""

import re
from collections.abc import AsyncGenerator, Sequence

from django.utils.translation import gettext as _

from config.resilience import Breaker
from leads.agent import smalltalk
from leads.agent.providers.protocol import Asked, Piece, Prompt
from leads.knowledge.retrieval import Evidence

SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
LONGEST_QUOTE = 400
MOST_QUOTES = 3
# Of the best passage's share of the question's words, what others need to be quoted too.
NEARLY_AS_GOOD = 0.8


class Offline:
    """No model, no network, no cost."""

    name = "offline"
    model = ""
    breaker: Breaker | None = None

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        for count, number in enumerate(_best(prompt.evidence)):
            found = prompt.evidence[number - 1]
            facts = {
                "quote": quote(found.text, prompt.question),
                "title": _plain(found.title),
                "number": number,
            }
            if count:
                yield "\n\n" + _("And this: “%(quote)s” — %(title)s [%(number)s]") % facts
            else:
                yield _("I found this: “%(quote)s” — %(title)s [%(number)s]") % facts
            yield Asked("offer_event", {"passage": number})
        yield f"\n\n{offer()}"


def offer() -> str:
    return _("Would you rather talk to a person?")


def _best(evidence: Sequence[Evidence]) -> list[int]:
    """The numbers of the passages to quote: the first, and others that cover nearly as much."""
    enough = evidence[0].coverage * NEARLY_AS_GOOD
    numbers = [number for number, found in enumerate(evidence, 1) if found.coverage >= enough]
    documents: dict[int, int] = {}
    for number in numbers:
        documents.setdefault(evidence[number - 1].document_id, number)
    return sorted(documents.values())[:MOST_QUOTES]


def quote(text: str, question: str) -> str:
    """The sentences around the one that shares most words with the question, as they stand."""
    sentences = [part.strip() for part in SENTENCE.findall(text) if part.strip()]
    asked = set(smalltalk.plain(question).split())

    def shared(index: int) -> int:
        return len(asked & set(smalltalk.plain(sentences[index]).split()))

    begin = max(range(len(sentences)), key=shared, default=0)
    chosen = ""
    for sentence in sentences[begin:]:
        if chosen and len(chosen) + len(sentence) > LONGEST_QUOTE:
            break
        chosen = f"{chosen} {sentence}".strip()
    return _plain(chosen[:LONGEST_QUOTE])


def _plain(text: str) -> str:
    """Without what would look like a source's number, or the end of a paragraph."""
    return " ".join(text.replace("[", "(").replace("]", ")").split())
