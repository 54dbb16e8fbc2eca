"""`manage.py check_agent`: all that an answer needs is there and loads; run before serving."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leads.agent import graph, prompts
from leads.agent.providers import choice
from leads.agent.providers.protocol import Prompt
from leads.knowledge import embedding, retrieval
from leads.models import Document, Embedding, KnowledgeIndex


class Broken(Exception):
    """Why a part cannot work."""


def check_provider() -> str:
    """The SDK of the provider with a key can be imported, and its model has a price."""
    provider = choice.chosen()
    if provider.name == "claude":
        import anthropic  # noqa: F401
    elif provider.name == "openai":
        import openai  # noqa: F401
    if provider.model and provider.model not in settings.AGENT_PRICES:
        return f"{provider.name}, {provider.model}: has no price, so it counts as the dearest"
    return f"{provider.name} {provider.model}".strip()


def check_embeddings() -> str:
    embedding.load()
    (vector,) = embedding.embed(["Onde é o mutirão de sábado?"])
    index = KnowledgeIndex.objects.first()
    if index is not None and len(vector) != index.dimension:
        raise Broken(f"{len(vector)} dimensions, the index has {index.dimension}")
    return f"{len(vector)} dimensions"


def check_index() -> str:
    """Every document can be found by the version that serves, but for what is read just now."""
    index = KnowledgeIndex.objects.first()
    version = index.serving_version if index else 1
    documents = Document.objects.current().filter(status=Document.Status.READY)
    served = Embedding.objects.filter(index_version=version).values("document")
    if missing := documents.exclude(pk__in=served).count():
        raise Broken(f"{missing} documents have no vectors of version {version}")
    retrieval.search("Onde é o mutirão de sábado?")
    return f"version {version}, {documents.count()} documents"


def check_prompts() -> str:
    for language, _ in settings.LANGUAGES:
        if language not in prompts.LANGUAGES:
            raise Broken(f"no prompt for {language}")
        prompts.question(Prompt(rules=prompts.rules(language), question="?"))
    for name, following in graph.EDGES.items():
        if name not in graph.STEPS or not set(following) <= {*graph.STEPS, graph.END}:
            raise Broken(f"the step {name} leads nowhere")
    return f"{len(prompts.LANGUAGES)} languages, {len(graph.STEPS)} steps"


CHECKS: dict[str, Callable[[], str]] = {
    "provider": check_provider,
    "embeddings": check_embeddings,
    "index": check_index,
    "prompts": check_prompts,
}


class Command(BaseCommand):
    help = "Check that provider, embeddings, index and prompts of the agent load."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = []
        for name, check in CHECKS.items():
            try:
                self.stdout.write(f"{name:12} ok      {check()}")
            except (Broken, ImportError, OSError, ValueError) as error:
                self.stdout.write(f"{name:12} broken  {error}")
                broken.append(name)
        if broken:
            raise CommandError(f"The agent cannot answer: {', '.join(broken)}.")
