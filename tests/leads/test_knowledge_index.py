"""A version of the index serves until the next one is whole."""

from io import StringIO

import pytest
from django.core.management import call_command

from leads.knowledge import embedding, indexing, retrieval
from leads.models import Document, Embedding
from leads.services import knowledge, reindexing


def backwards(texts):
    """A model of its own: the other one's vectors, turned around."""
    import numpy

    return -numpy.array(embedding._model("use-multilingual-3")(texts))


@pytest.fixture
def other(monkeypatch):
    monkeypatch.setitem(embedding.MODELS, "backwards", lambda: backwards)
    return "backwards"


@pytest.fixture
def faq(db):
    return add("Posso ir?")


def add(title):
    faq = Document.objects.create(kind="faq", title=title, text="Sim.")
    knowledge.read_document(faq.pk)
    return faq


def versions():
    return sorted({*Embedding.objects.values_list("index_version", "model_id")})


def test_new_version_is_swapped_in_and_the_old_one_goes(faq, other):
    reindexing.reindex(other)

    row = indexing.index()
    assert (row.serving_version, row.model_id, row.building_version) == (2, other, None)
    assert versions() == [(2, other)]
    assert Embedding.objects.count() == 2
    # Questions are embedded by the model that made what serves.
    assert retrieval.search("posso ir?").is_answerable


def test_old_version_serves_while_the_new_one_is_built(faq, other, monkeypatch):
    def dies():
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(reindexing, "_embed_some", dies)
        with pytest.raises(RuntimeError):
            reindexing.reindex(other)
    assert indexing.index().building_version == 2
    assert retrieval.search("posso ir?").is_answerable

    add("Quando começa?")  # comes for both
    assert versions() == [(1, embedding.CURRENT), (2, other)]
    assert Embedding.objects.filter(index_version=2).count() == 2

    reindexing.reindex(other)  # goes on where it was
    assert indexing.index().serving_version == 2
    assert Embedding.objects.filter(index_version=2).count() == 4


def test_version_that_lacks_a_vector_is_not_swapped_in(faq, other):
    reindexing._begin(other)

    assert not reindexing._swap()
    assert indexing.index().serving_version == 1


def test_beginning_with_another_model_leaves_what_was_begun(faq, other):
    reindexing._begin("nobody's")

    reindexing.reindex(other)

    assert versions() == [(3, other)]


def test_command_embeds_anew_with_the_current_model(faq):
    said = StringIO()

    call_command("reindex_knowledge", stdout=said)

    assert "Version 2 serves: 2 vectors, use-multilingual-3." in said.getvalue()
    assert versions() == [(2, embedding.CURRENT)]
