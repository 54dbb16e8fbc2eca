"""Who writes the answers: a model behind a key, or the built-in one that only quotes."""

from django.conf import settings

from leads.agent.providers.claude import Claude
from leads.agent.providers.offline import Offline
from leads.agent.providers.openai import OpenAI
from leads.agent.providers.protocol import ChatProvider


def chosen() -> ChatProvider:
    """The first that has a key."""
    if settings.CLAUDE_API_KEY:
        return Claude()
    if settings.OPENAI_API_KEY:
        return OpenAI()
    return Offline()
