"""`manage.py check_agent`: all that an answer needs is there and loads; run before serving."""

import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from leads.agent import graph, prompts
from leads.agent.providers import choice
from leads.agent.providers.protocol import Prompt
from leads.knowledge import embedding, retrieval
from leads.models import Document, Embedding, KnowledgeIndex

logger = logging.getLogger(__name__)
SHOWN = 20


class Broken(Exception):
    """Why a part cannot work."""


class Incomplete(Exception):
    """What staff must mend, while all else is answered."""


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
    retrieval.search("Onde é o mutirão de sábado?")
    return f"version {_version()}"


def check_documents() -> str:
    """Every document can be found by the version that serves, but for what is read just now."""
    version = _version()
    documents = Document.objects.current().filter(status=Document.Status.READY)
    served = Embedding.objects.filter(index_version=version).values("document")
    unfound = documents.exclude(pk__in=served).order_by("pk")
    if missing := list(unfound.values_list("pk", flat=True)):
        named = ", ".join(f"#{pk}" for pk in missing[:SHOWN])
        raise Incomplete(f"{len(missing)} without vectors of version {version}: {named}")
    return f"{documents.count()} documents"


def _version() -> int:
    index = KnowledgeIndex.objects.first()
    return index.serving_version if index else 1


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
    "documents": check_documents,
    "prompts": check_prompts,
}


class Command(BaseCommand):
    help = "Check that provider, embeddings, index and prompts of the agent load."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = []
        for name, check in CHECKS.items():
            try:
                self.stdout.write(f"{name:12} ok      {check()}")
            except Incomplete as warning:
                self.stdout.write(f"{name:12} warning {warning}")
                logger.warning("The agent does not know all %s: %s.", name, warning)
            except (Broken, ImportError, OSError, ValueError) as error:
                self.stdout.write(f"{name:12} broken  {error}")
                broken.append(name)
        if broken:
            raise CommandError(f"The agent cannot answer: {', '.join(broken)}.")
