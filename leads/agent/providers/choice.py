"""Who writes the answers: a model behind a key, or the built-in one that only quotes."""

from django.conf import settings

from leads.agent.providers.claude import Claude
from leads.agent.providers.offline import Offline
from leads.agent.providers.openai import OpenAI
from leads.agent.providers.protocol import ChatProvider, WebSearch
from leads.agent.providers.tavily import Tavily


def chosen() -> ChatProvider:
    """The first that has a key."""
    if settings.CLAUDE_API_KEY:
        return Claude()
    if settings.OPENAI_API_KEY:
        return OpenAI()
    return Offline()


def web_search() -> WebSearch | None:
    """None without a key: then nothing is looked up."""
    return Tavily() if settings.TAVILY_API_KEY else None
