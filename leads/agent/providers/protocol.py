"""What the agent needs of whoever writes its answers."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from config.errors import DependencyAway
from config.resilience import Breaker
from leads.agent.turns import Said
from leads.knowledge.retrieval import Evidence


@dataclass(frozen=True)
class Prompt:
    """All that a provider is told: rules, what was found, what was said, the question."""

    rules: str
    question: str
    evidence: Sequence[Evidence] = ()
    history: Sequence[Said] = ()
    summary: str = ""
    language: str = "pt-br"


@dataclass(frozen=True)
class Usage:
    """Tokens so far; of several that a provider yields the last one counts."""

    read: int
    written: int

    @property
    def tokens(self) -> int:
        return self.read + self.written


@dataclass(frozen=True)
class Asked:
    """An action that a model asks for: whether it happens is decided in leads.agent.actions."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


Piece = str | Usage | Asked


class ProviderAway(DependencyAway):
    """It gave no answer, or not a whole one; `is_passing` if the same call may soon succeed."""

    def __init__(self, name: str, *, is_passing: bool = False, wait: float = 1) -> None:
        super().__init__(name, wait=wait)
        self.is_passing = is_passing


class ChatProvider(Protocol):
    """Writes an answer, piece by piece; raises ProviderAway, and nothing else, if it cannot."""

    name: str
    # The name in settings.AGENT_PRICES; "" costs nothing.
    model: str
    # None where nothing outside is asked.
    breaker: Breaker | None

    def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]: ...


@dataclass(frozen=True)
class Hit:
    """A page of the web: a hint, and never evidence."""

    title: str
    url: str
    text: str


class WebSearch(Protocol):
    """Finds pages on the web, the best first; raises DependencyAway, and nothing else."""

    def search(self, query: str) -> list[Hit]: ...
