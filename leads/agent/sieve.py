"""What of a model's words may leave: paragraphs with a source, and only sources that were found."""

import re
from collections.abc import Iterator, Sequence

from django.conf import settings

from leads.agent.turns import Citation, Token
from leads.knowledge.retrieval import Evidence

MARKER = re.compile(r"\[([^\[\]\n]{0,80})\]")
UNFINISHED = re.compile(r"\[[^\[\]\n]{0,80}$")
URL = re.compile(
    r"(?:https?://|www\.)[^\s\[\]()<>\"“”]+|\b(?:[\w-]+\.)+[a-z]{2,}/[^\s\[\]()<>\"“”]*"
)
SENTENCE = re.compile(r"[^.!?…\n]*[.!?…]+\s*|[^.!?…\n]+\s*$|\n+")
# What ends the sentence before a number that is already said.
END = re.compile(r"[.,;:!?…)]*")
LONGEST_QUOTE = 300


class Sieve:
    """Holds text back until the number of a passage stands behind it; drops what has none.

    So what is streamed never has to be taken back. A question asserts nothing and may pass.
    """

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._evidence = {number: found for number, found in enumerate(evidence, 1)}
        ours = [settings.SITE_URL, settings.PRIVACY_URL]
        theirs = [url for found in evidence for url in (found.url, *URL.findall(found.text))]
        self._allowed = {_address(url) for url in (*ours, *theirs)}
        self._held = ""
        self.cited: dict[int, Citation] = {}

    def feed(self, text: str) -> Iterator[Token | Citation]:
        """Take a piece, give what has its source now."""
        self._held += text
        scanned = 0
        while marker := MARKER.search(self._held, scanned):
            number = int(marker[1]) if marker[1].strip().isdecimal() else 0
            if number not in self._evidence:
                self._held = self._held[: marker.start()] + self._held[marker.end() :]
                scanned = marker.start()
                continue
            before, self._held = self._held[: marker.start()], self._held[marker.end() :]
            scanned = 0
            yield Token(f"{self._clean(self._with_source(before))}[{number}]")
            if number not in self.cited:
                self.cited[number] = self._citation(number)
                yield self.cited[number]

    def drop(self) -> None:
        """Forget what is held: whoever wrote it went away in the middle."""
        self._held = ""

    def close(self) -> Iterator[Token]:
        """The end: of what is still held, questions go and all else stays."""
        rest = UNFINISHED.sub("", self._held)
        self._held = ""
        if end := END.match(rest)[0]:  # type: ignore[index]  # it matches nothing, too
            yield Token(end)
        questions = [part for part in SENTENCE.findall(rest[len(end) :]) if _asks(part)]
        if text := self._clean("".join(questions)).strip():
            yield Token(f"\n\n{text}")

    def _with_source(self, before: str) -> str:
        """Of what stands before a number, its own paragraph; of others what asks or leads over."""
        end = END.match(before)[0]  # type: ignore[index]
        *others, own = before[len(end) :].split("\n\n")
        parts = [*(text for text in others if text.rstrip().endswith(("?", ":"))), own]
        begins_anew = "\n\n" if others and self.cited else ""
        return end + begins_anew + "\n\n".join(parts)

    def _citation(self, number: int) -> Citation:
        found = self._evidence[number]
        return Citation(
            number, found.document_id, found.title, found.url, found.text[:LONGEST_QUOTE]
        )

    def _clean(self, text: str) -> str:
        """Without addresses that nothing we found contains."""

        def keep(match: re.Match[str]) -> str:
            return match[0] if _address(match[0]) in self._allowed else ""

        return URL.sub(keep, text)


def _address(url: str) -> str:
    """Without what ends the sentence around it."""
    return url.rstrip(".,;:!?")


def _asks(sentence: str) -> bool:
    return sentence.rstrip().endswith("?")
