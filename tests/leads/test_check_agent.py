"""`manage.py check_agent` says what keeps the agent from answering."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from embedded import prepare
from leads.knowledge import embedding, retrieval
from leads.models import Document, KnowledgeIndex

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_encoder(monkeypatch):
    monkeypatch.setattr(embedding, "load", lambda: None)
    monkeypatch.setattr(
        embedding, "embed", lambda texts, **more: [[1.0, *[0.0] * 511] for _ in texts]
    )


def check():
    told = StringIO()
    call_command("check_agent", stdout=told)
    return told.getvalue()


def test_all_is_well():
    assert check().count(" ok ") == 5


def test_document_that_nobody_finds_is_told_and_keeps_nobody_from_starting(caplog):
    lost = Document.objects.create(kind="faq", title="?", text="!", status="ready")

    assert f"documents    warning 1 without vectors of version 1: #{lost.pk}" in check()
    assert f"#{lost.pk}" in caplog.text


def test_document_that_is_read_just_now_keeps_nobody_from_starting():
    Document.objects.create(kind="faq", title="?", text="!", status="indexing")

    assert "0 documents" in check()


def test_index_that_cannot_be_searched_is_a_fault(monkeypatch):
    def fails(question):
        raise ValueError("another size")

    monkeypatch.setattr(retrieval, "search", fails)

    with pytest.raises(CommandError, match="index"):
        check()


def test_encoder_of_another_size_is_told():
    KnowledgeIndex.objects.update_or_create(pk=1, defaults={"model_id": "x", "dimension": 3})

    with pytest.raises(CommandError, match="embeddings"):
        check()


def test_model_without_a_price_is_told_and_no_fault(settings):
    settings.CLAUDE_API_KEY, settings.CLAUDE_MODEL = "sk-ant-test", "claude-next"

    assert "has no price" in check()


def test_a_start_says_what_is_broken_and_else_nothing(capsys):
    prepare.check_agent()
    assert capsys.readouterr().out == ""
    KnowledgeIndex.objects.update_or_create(pk=1, defaults={"model_id": "x", "dimension": 3})

    prepare.check_agent()

    said = capsys.readouterr().out
    assert "embeddings   broken  512 dimensions, the index has 3" in said
    assert "The agent cannot answer: embeddings." in said
