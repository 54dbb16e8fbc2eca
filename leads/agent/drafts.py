"""A burst that is being answered, and its answer so far: plain data."""

from dataclasses import dataclass, field

from leads.agent.turns import Action, AgentEvent, Citation, Done, Token, Turn


@dataclass(frozen=True)
class Burst:
    """The messages up to `through`, as one turn for the agent."""

    through: int
    turn: Turn
    is_hopeless: bool = False


@dataclass
class Draft:
    """The answer so far: what was said, cited, and is to happen when it is stored."""

    text: str = ""
    citations: list[Citation] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    tokens: int = 0

    def add(self, event: AgentEvent) -> None:
        match event:
            case Token():
                self.text += event.text
            case Citation():
                self.citations.append(event)
            case Action():
                self.actions.append(event)
            case Done():
                self.tokens = event.tokens
