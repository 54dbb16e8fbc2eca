"""The way of a question through the steps; which step may follow which stands in one table.

greet → limits → retrieve → gate → generate → cite → act → (stored by services.answers)
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from django.utils import translation

from leads.agent import steps
from leads.agent.steps import State
from leads.agent.turns import AgentEvent, Done, Turn

# Some say something, the others only find out.
Step = Callable[[State], AsyncGenerator[AgentEvent, None] | Awaitable[None]]
END = "end"
STEPS: dict[str, Step] = {
    "greet": steps.greet,
    "limits": steps.limits,
    "retrieve": steps.retrieve,
    "gate": steps.gate,
    "generate": steps.generate,
    "cite": steps.cite,
    "act": steps.act,
}
# The first is where it goes by itself.
EDGES = {
    "greet": ("limits", "act"),
    "limits": ("retrieve",),
    "retrieve": ("gate",),
    "gate": ("generate", "act"),
    "generate": ("cite",),
    "cite": ("act",),
    "act": (END,),
}


async def respond(turn: Turn) -> AsyncGenerator[AgentEvent, None]:
    """Answer one turn; nothing is written but what a model costs, and nothing is open meanwhile."""
    state, name = State(turn), "greet"
    with translation.override(turn.language):
        while name != END:
            state.next = EDGES[name][0]
            step = STEPS[name](state)
            if isinstance(step, AsyncGenerator):
                async with aclosing(step):
                    async for event in step:
                        yield event
            else:
                await step
            if state.next not in EDGES[name]:
                raise AssertionError(f"{name} does not lead to {state.next}.")
            name = state.next
    yield Done(tokens=state.tokens)
