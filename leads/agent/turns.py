"""What the agent is asked, and the events that its answer consists of: plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Said:
    """One earlier message, by a `Message.Author`."""

    author: str
    text: str


@dataclass(frozen=True)
class Turn:
    """A burst that waits for its answer, and what was said before.

    `unreadable` is the kind of a message in it that is not text: "image", "audio", …
    Without a conversation nothing is counted against a budget.
    """

    question: str
    history: tuple[Said, ...] = ()
    channel: str = "web"
    language: str = "pt-br"
    summary: str = ""
    unreadable: str = ""
    is_introduced: bool = False
    conversation_id: int | None = None


@dataclass(frozen=True)
class Token:
    """A piece of the answer's text, in order."""

    text: str


@dataclass(frozen=True)
class Citation:
    """What [number] in the text points to: a passage that was found for this question."""

    number: int
    document: int
    title: str
    url: str
    quote: str


@dataclass(frozen=True)
class Action:
    """Something that was allowed to happen, beside the text."""

    name: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Done:
    """The answer is complete, and stored as this message."""

    message_id: int | None = None
    tokens: int = 0


@dataclass(frozen=True)
class Failed:
    """There is no answer; whether the same message may be sent again for one."""

    retry: bool


AgentEvent = Token | Citation | Action | Done | Failed
