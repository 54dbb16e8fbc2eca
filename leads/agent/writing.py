"""A text that a model writes for us alone: not streamed, and paid for like any other."""

import asyncio
from contextlib import aclosing

from leads.agent import budget
from leads.agent.providers import patience
from leads.agent.providers.protocol import ChatProvider, Prompt


async def written(
    provider: ChatProvider, prompt: Prompt, *, conversation_id: int | None = None
) -> str:
    """Give the whole text. Raise DependencyAway, or Exhausted if no budget has room for it."""
    give_up_at = asyncio.get_running_loop().time() + patience.LONGEST_WAIT
    bill, text = budget.Bill(conversation_id, provider.model, prompt), ""
    async with bill, aclosing(patience.stream(provider, prompt, give_up_at)) as pieces:
        async for piece in pieces:
            bill.note(piece)
            text += piece if isinstance(piece, str) else ""
    return text.strip()
