"""Anthropic's models."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any

from django.conf import settings

from config.resilience import Breaker
from leads.agent import prompts
from leads.agent.providers.protocol import Piece, Prompt, ProviderAway, Usage
from leads.agent.providers.tools import asked, away

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

TOOL = {
    "name": prompts.TOOL_NAME,
    "description": prompts.TOOL_USE,
    "input_schema": prompts.TOOL_SCHEMA,
}
# Seconds; the SDK's own are ten minutes.
CONNECT, READ = 2.0, 10.0


class Claude:
    """Streams by the Messages API. The SDK is imported by whoever really asks."""

    name = "claude"
    breaker: Breaker | None = Breaker("claude")

    def __init__(self) -> None:
        self.model = settings.CLAUDE_MODEL

    async def stream(self, prompt: Prompt) -> AsyncGenerator[Piece, None]:
        import anthropic
        import httpx2

        try:
            async with _client() as client:
                stream = await client.messages.create(**self._request(prompt), stream=True)
                async with stream:
                    async for piece in _pieces(stream):
                        yield piece
        except anthropic.APIStatusError as error:
            raise away(self.name, error.status_code, error.response.headers) from error
        except (anthropic.AnthropicError, httpx2.HTTPError, ValueError) as error:
            raise ProviderAway(self.name) from error

    def _request(self, prompt: Prompt) -> dict[str, Any]:
        question = {"role": "user", "content": prompts.question(prompt)}
        tools = {"tools": [TOOL]} if prompt.evidence else {}
        return {
            "model": self.model,
            "max_tokens": prompts.LONGEST_ANSWER,
            "system": prompt.rules,
            "messages": [*prompts.turns(prompt.history), question],
            **tools,
        }


def _client() -> "AsyncAnthropic":
    import anthropic
    import httpx2

    return anthropic.AsyncAnthropic(
        api_key=settings.CLAUDE_API_KEY,
        base_url=settings.CLAUDE_URL,
        max_retries=0,
        timeout=httpx2.Timeout(READ, connect=CONNECT),
        http_client=anthropic.DefaultAsyncHttpxClient(trust_env=False),
    )


async def _pieces(events: Any) -> AsyncGenerator[Piece, None]:
    """Text as it comes, a tool's input when it is whole; without the last event it was cut."""
    reader = _Reader()
    async for event in events:
        if (piece := reader.take(event)) is not None:
            yield piece
    if not reader.is_whole:
        raise ProviderAway("claude")


class _Reader:
    """What the events of one stream have said so far; kinds that we do not know say nothing."""

    def __init__(self) -> None:
        self.is_whole = False
        self._read = 0
        self._tool: str | None = None

    def take(self, event: Any) -> Piece | None:
        handler = getattr(self, f"_{event.type}", None)
        return handler(event) if handler else None

    def _message_start(self, event: Any) -> Piece:
        usage = event.message.usage
        cached = (usage.cache_creation_input_tokens, usage.cache_read_input_tokens)
        self._read = usage.input_tokens + sum(count or 0 for count in cached)
        return Usage(self._read, usage.output_tokens)

    def _content_block_start(self, event: Any) -> None:
        self._tool = "" if event.content_block.type == "tool_use" else None

    def _content_block_delta(self, event: Any) -> Piece | None:
        if event.delta.type == "input_json_delta":
            self._tool = (self._tool or "") + event.delta.partial_json
        return event.delta.text if event.delta.type == "text_delta" else None

    def _content_block_stop(self, event: Any) -> Piece | None:
        return None if self._tool is None else asked(self._tool)

    def _message_delta(self, event: Any) -> Piece:
        return Usage(self._read, event.usage.output_tokens)

    def _message_stop(self, event: Any) -> None:
        self.is_whole = True
