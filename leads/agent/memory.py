"""The summary of what was said before a model's window: written by it, or cut out without one."""

from collections.abc import Sequence

from config.errors import DependencyAway
from leads.agent import budget, prompts
from leads.agent.providers import choice
from leads.agent.providers.protocol import Prompt
from leads.agent.turns import Said
from leads.agent.writing import written
from leads.models import Message

LONGEST = 1000
LONGEST_LINE = 160


async def summarize(
    said: Sequence[Said], *, before: str, language: str, conversation_id: int
) -> str:
    """Sum it up, with what was summed up before; in the person's own words where no model can."""
    provider = choice.chosen()
    if provider.model:
        prompt = Prompt(
            rules=prompts.summary_rules(language),
            question="\n".join(f"{one.author}: {one.text}" for one in said),
            summary=before,
            language=language,
        )
        try:
            text = await written(provider, prompt, conversation_id=conversation_id)
            return text[:LONGEST] or extract(said, before)
        except (DependencyAway, budget.Exhausted):
            pass
    return extract(said, before)


def extract(said: Sequence[Said], before: str) -> str:
    """What the person wrote, a line each; what was longest ago goes first."""
    lines = [before, *(one.text for one in said if one.author == Message.Author.PERSON)]
    text = "\n".join(" ".join(line.split())[:LONGEST_LINE] for line in lines[1:] if line.strip())
    return "\n".join(filter(None, [before, text]))[-LONGEST:]
