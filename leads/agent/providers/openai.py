"""OpenAI's models, and all servers that speak as theirs does."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from django.conf import settings

from config.resilience import Breaker
from leads.agent import prompts
from leads.agent.providers.protocol import Piece, Prompt, ProviderAway, Usage
from leads.agent.providers.tools import asked, away

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TOOL = {
    "type": "function",
    "function": {
        "name": prompts.TOOL_NAME,
        "description": prompts.TOOL_USE,
        "parameters": prompts.TOOL_SCHEMA,
    },
}
CONNECT, READ = 2.0, 10.0


class OpenAI:
    """Streams by Chat Completions, which all compatible servers have."""

    name = "openai"
    breaker: Breaker | None = Breaker("openai")

    def __init__(self) -> None:
        self.model = settings.OPENAI_MODEL

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        import httpx2
        import openai

        try:
            async with _client() as client:
                stream = await client.chat.completions.create(**self._request(prompt))
                async with stream:
                    async for piece in _pieces(stream):
                        yield piece
        except openai.APIStatusError as error:
            raise away(self.name, error.status_code, error.response.headers) from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            raise ProviderAway(self.name) from error

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        rules = {"role": "system", "content": prompt.rules}
        question = {"role": "user", "content": prompts.question(prompt)}
        tools = {"tools": [TOOL]} if prompt.evidence else {}
        return {
            "model": self.model,
            "max_completion_tokens": prompts.LONGEST_ANSWER,
            "messages": [rules, *prompts.turns(prompt.history), question],
            "stream": True,
            "stream_options": {"include_usage": True},
            **tools,
        }


def _client() -> "AsyncOpenAI":
    import httpx2
    import openai

    return openai.AsyncOpenAI(
        api_key=settings.OPENAI_API_KEY,
        base_url=settings.OPENAI_URL,
        max_retries=0,
        timeout=httpx2.Timeout(READ, connect=CONNECT),
        http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
    )


async def _pieces(chunks: Any) -> AsyncGenerator[Piece, None]:
    """Text as it comes, tool calls at the end; without a reason to finish it was cut."""
    calls: dict[int, str] = {}
    is_whole = False
    async for chunk in chunks:
        if chunk.usage:
            yield Usage(chunk.usage.prompt_tokens, chunk.usage.completion_tokens)
        for choice in chunk.choices:
            if choice.delta.content:
                yield choice.delta.content
            for call in choice.delta.tool_calls or ():
                written = call.function.arguments if call.function else ""
                calls[call.index] = calls.get(call.index, "") + (written or "")
            is_whole = is_whole or choice.finish_reason is not None
    if not is_whole:
        raise ProviderAway("openai")
    for arguments in calls.values():
        yield asked(arguments)
