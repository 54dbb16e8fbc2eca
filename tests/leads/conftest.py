"""What the agent finds and who writes its answers, without an encoder and without a model."""

import pytest

from leads.agent.providers import choice
from leads.knowledge import retrieval
from leads.knowledge.retrieval import Evidence, Retrieved
from leads.models import Document
from tests.leads.people import Scripted


def evidence(number, text, **facts):
    """A passage as it is found; of a document of its own."""
    document = Document.objects.create(
        kind="faq", title=f"Documento {number}", text=text, status="ready", **facts
    )
    return Evidence(number, document.pk, document.title, document.url, text, 1.0, 0.9)


@pytest.fixture
def knows(monkeypatch):
    """Make the search find these texts, whatever is asked; without any, nothing."""

    def set_up(*texts, is_answerable=True, passages=()):
        found = [*(evidence(number, text) for number, text in enumerate(texts, 1)), *passages]
        answer = Retrieved(found, is_answerable and bool(found), 0.9 if found else 0.0)
        monkeypatch.setattr(retrieval, "search", lambda question, limit=8: answer)
        return found

    return set_up


@pytest.fixture
def model(monkeypatch):
    """Make a provider that says these pieces the chosen one."""

    def set_up(*pieces, **options):
        provider = Scripted(*pieces, **options)
        monkeypatch.setattr(choice, "chosen", lambda: provider)
        return provider

    return set_up
