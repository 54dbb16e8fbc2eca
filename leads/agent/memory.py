"""The summary of what was said before a model's window: written by it, or cut out without one."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from config.errors import DependencyAway
from leads.agent import budget, prompts
from leads.agent.providers import choice, patience
from leads.agent.providers.protocol import ChatProvider, Prompt
from leads.agent.turns import Said
from leads.models import Message

LONGEST = 1000
LONGEST_LINE = 160
LONGEST_WAIT = 20.0


async def summarize(
    said: Sequence[Said], *, before: str, language: str, conversation_id: int
) -> str:
    """Sum it up, with what was summed up before; in the person's own words where no model can."""
    provider = choice.chosen()
    if provider.model:
        try:
            text = await _written(provider, said, before, language, conversation_id)
            return text[:LONGEST] or extract(said, before)
        except (DependencyAway, budget.Exhausted):
            pass
    return extract(said, before)


async def _written(
    provider: ChatProvider, said: Sequence[Said], before: str, language: str, conversation_id: int
) -> str:
    prompt = Prompt(
        rules=prompts.summary_rules(language),
        question="\n".join(f"{one.author}: {one.text}" for one in said),
        summary=before,
        language=language,
    )
    give_up_at = asyncio.get_running_loop().time() + LONGEST_WAIT
    bill, text = budget.Bill(conversation_id, provider.model, prompt), ""
    async with bill, aclosing(patience.stream(provider, prompt, give_up_at)) as pieces:
        async for piece in pieces:
            bill.note(piece)
            text += piece if isinstance(piece, str) else ""
    return text.strip()


def extract(said: Sequence[Said], before: str) -> str:
    """What the person wrote, a line each; what was longest ago goes first."""
    lines = [before, *(one.text for one in said if one.author == Message.Author.PERSON)]
    text = "\n".join(" ".join(line.split())[:LONGEST_LINE] for line in lines[1:] if line.strip())
    return "\n".join(filter(None, [before, text]))[-LONGEST:]
