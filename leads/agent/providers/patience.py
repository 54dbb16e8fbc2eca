"""Around each provider: its breaker, tries before the first word, and an end to waiting."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from config.resilience import async_tries
from leads.agent.providers.protocol import ChatProvider, Piece, Prompt, ProviderAway
from leads.threads import in_thread

# Seconds for all that a model writes; without it, the offline provider takes its place.
LONGEST_WAIT = 20.0


async def stream(
    provider: ChatProvider, prompt: Prompt, give_up_at: float
) -> AsyncGenerator[Piece, None]:
    """Give what it writes; raise DependencyAway if it is known to be away, or does not end well.

    Before the first piece a passing failure is tried again; after it the reader would get the
    beginning twice.
    """
    breaker = provider.breaker
    if breaker is None:
        async for offline in provider.stream(prompt):
            yield offline
        return
    await in_thread(breaker.admit)
    try:
        first, rest = await _begin(provider, prompt, give_up_at)
        async with aclosing(rest):
            piece: Piece | None = first
            while piece is not None:
                yield piece
                piece = await _next(provider, rest, give_up_at)
    except ProviderAway as error:
        await in_thread(breaker.fail, error)
        raise
    await in_thread(breaker.succeed)


async def _begin(
    provider: ChatProvider, prompt: Prompt, give_up_at: float
) -> tuple[Piece, AsyncGenerator[Piece, None]]:
    async for attempt in async_tries(_wait):
        with attempt:
            pieces = provider.stream(prompt)
            first = await _next(provider, pieces, give_up_at)
            if first is None:
                raise ProviderAway(provider.name)
            return first, pieces
    raise AssertionError("a try either returns or raises")


async def _next(
    provider: ChatProvider, pieces: AsyncGenerator[Piece, None], give_up_at: float
) -> Piece | None:
    try:
        async with asyncio.timeout_at(give_up_at):
            return await anext(pieces, None)
    except TimeoutError as error:
        raise ProviderAway(provider.name) from error


def _wait(error: Exception) -> bool | float:
    """Whether to try again, or after how many seconds the other side asked us to."""
    return isinstance(error, ProviderAway) and error.is_passing and min(5.0, float(error.wait))
