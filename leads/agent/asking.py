"""Questions that a model proposes for a passage."""

import re

from leads.agent import prompts
from leads.agent.providers.protocol import ChatProvider, Prompt
from leads.agent.writing import written

MOST, LONGEST = 3, 300
MARK = re.compile(r"^\W*(\d+[.)]\s*)?")


async def questions(provider: ChatProvider, passage: str) -> list[str]:
    """What people would ask that it answers. Raise DependencyAway or Exhausted."""
    text = await written(provider, Prompt(rules=prompts.QUESTION_RULES, question=passage))
    lines = (MARK.sub("", line).strip() for line in text.splitlines())
    return [line for line in lines if line.endswith("?") and len(line) <= LONGEST][:MOST]
