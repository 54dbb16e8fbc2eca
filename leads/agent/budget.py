"""What answers may cost: set aside before a model is asked, settled when it is known.

Each is one conditional update, so answers at the same time never spend the same rest. Whoever
is killed in between leaves what was set aside as spent: too much, never too little.
"""

from dataclasses import dataclass
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from config.errors import DependencyAway
from leads.agent import prompts
from leads.agent.providers.protocol import Asked, Piece, Prompt, ProviderAway, Usage
from leads.models import AgentSpending, Conversation
from leads.threads import in_thread

# Fewer than any tokenizer needs for Portuguese: what is set aside is never too little.
CHARACTERS_PER_TOKEN = 2.5


class Exhausted(Exception):
    """The conversation, or the day, has had its share."""


@dataclass(frozen=True)
class Cost:
    """Tokens, and millionths of a US dollar."""

    tokens: int
    money: int


def cost(model: str, usage: Usage) -> Cost:
    """By the price table; a model that is not in it costs as much as the dearest."""
    prices = settings.AGENT_PRICES
    read, written = prices.get(model) or max(prices.values())
    # Dollars for a million tokens are millionths for one.
    return Cost(usage.tokens, ceil(usage.read * read + usage.written * written))


def estimate(prompt: Prompt, written: str | None = None) -> Usage:
    """What it takes to read the prompt, and to write this text, or the longest one."""
    texts = [prompt.rules, prompt.question, prompt.summary]
    texts += [said.text for said in prompt.history]
    texts += [evidence.title + evidence.text for evidence in prompt.evidence]
    return Usage(
        _tokens("".join(texts)),
        prompts.LONGEST_ANSWER if written is None else _tokens(written),
    )


def _tokens(text: str) -> int:
    return ceil(len(text) / CHARACTERS_PER_TOKEN)


class Bill:
    """What one call of a model costs its conversation, if it has one, and the day.

    `async with` sets aside and settles. Also a call that is cut off or cancelled is settled, by
    what it had read and written by then.
    """

    def __init__(self, conversation_id: int | None, model: str, prompt: Prompt) -> None:
        # The offline provider, which has no model, costs nothing.
        self._conversation_id, self._model, self._prompt = conversation_id, model, prompt
        self._usage, self._written = Usage(0, 0), ""
        self.tokens = 0

    async def __aenter__(self) -> "Bill":
        if self._model:
            self._most = cost(self._model, estimate(self._prompt))
            await in_thread(set_aside, self._conversation_id, self._most)
        return self

    def note(self, piece: Piece) -> None:
        """Count what came; a provider's own figures count more than ours."""
        if isinstance(piece, Usage):
            self._usage = piece
        elif not isinstance(piece, Asked):
            self._written += piece

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> None:
        if not self._model:
            return
        spent = self._spent(error)
        self.tokens = spent.tokens
        await in_thread(settle, self._conversation_id, self._most, cost(self._model, spent))

    def _spent(self, error: BaseException | None) -> Usage:
        if isinstance(error, DependencyAway) and not isinstance(error, ProviderAway):
            return Usage(0, 0)  # its breaker is open: it was never asked
        by_us = estimate(self._prompt, self._written)
        # Who was cut off may have told what it read, and not yet what it wrote.
        told = self._usage if self._usage.read else by_us
        return Usage(told.read, max(told.written, by_us.written if error else 0))


@transaction.atomic
def set_aside(conversation_id: int | None, most: Cost) -> None:
    """Count the most that an answer may cost; raise Exhausted if a budget has no room for it.

    The conversation first, then the day, as all who write both.
    """
    today = timezone.localdate()
    AgentSpending.objects.get_or_create(day=today)
    if conversation_id is not None:
        mine = Conversation.objects.filter(
            pk=conversation_id,
            tokens_spent__lte=settings.AGENT_CONVERSATION_TOKENS - most.tokens,
            money_spent__lte=settings.AGENT_CONVERSATION_CENTS * 10_000 - most.money,
        )
        more = {"tokens_spent": most.tokens, "money_spent": most.money}
        if not mine.update(**{name: F(name) + number for name, number in more.items()}):
            raise Exhausted
    days = AgentSpending.objects.filter(
        day=today,
        tokens__lte=settings.AGENT_DAILY_TOKENS - most.tokens,
        money__lte=settings.AGENT_DAILY_DOLLARS * 1_000_000 - most.money,
    )
    if not days.update(tokens=F("tokens") + most.tokens, money=F("money") + most.money):
        raise Exhausted


@transaction.atomic
def settle(conversation_id: int | None, most: Cost, spent: Cost) -> None:
    """Replace what was set aside by what it was; around midnight, on the day that has begun."""
    tokens, money = spent.tokens - most.tokens, spent.money - most.money
    if conversation_id is not None:
        Conversation.objects.filter(pk=conversation_id).update(
            tokens_spent=Greatest(F("tokens_spent") + tokens, 0),
            money_spent=Greatest(F("money_spent") + money, 0),
        )
    AgentSpending.objects.filter(day=timezone.localdate()).update(
        tokens=Greatest(F("tokens") + tokens, 0), money=Greatest(F("money") + money, 0)
    )
