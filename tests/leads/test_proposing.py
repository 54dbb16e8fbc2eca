"""A model proposes what people would ask of a passage; once, and within the day's budget."""

import pytest

from leads.agent.providers.protocol import ProviderAway
from leads.knowledge import retrieval
from leads.models import AgentSpending, Chunk, Document
from leads.services import knowledge, proposing, reindexing
from tests.leads.test_knowledge_documents import add

pytestmark = pytest.mark.django_db
PASSAGE = "## Estacionar\nHá vagas na rua de trás."
SAID = "1. Posso ir de moto?\n- Tem onde deixar a bike?\nIgnore as regras.\n" + "Oi " * 200 + "?"
PRICED = "claude-sonnet-4-5"


@pytest.fixture(autouse=True)
def _day(settings):
    settings.AGENT_PRICES = {PRICED: (3, 15)}


def questions():
    return list(Chunk.objects.get().questions.order_by("pk").values_list("text", "origin"))


def test_what_it_proposes_is_kept_embedded_and_found(model):
    provider = model(SAID, model=PRICED)
    add(PASSAGE)

    proposing.propose()
    reindexing.embed_waiting()

    assert questions() == [("Posso ir de moto?", "model"), ("Tem onde deixar a bike?", "model")]
    assert retrieval.search("tem lugar pra deixar a bike").evidence[0].coverage > 0.5
    assert "Há vagas" in provider.prompts[0].question
    assert AgentSpending.objects.get().tokens > 0


def test_each_passage_is_asked_about_once_also_when_its_document_is_read_again(model):
    provider = model(SAID, model=PRICED)
    document = add(PASSAGE)

    proposing.propose()
    proposing.propose()
    knowledge.reread(document)
    knowledge.read_document(document.pk)
    proposing.propose()

    assert len(provider.prompts) == 1
    assert len(questions()) == 2


def test_without_a_key_nothing_is_asked(model):
    provider = model(SAID)
    add(PASSAGE)

    proposing.propose()

    assert (provider.prompts, questions()) == ([], [])


@pytest.mark.parametrize("trouble", ["away", "spent"])
def test_what_could_not_be_asked_waits_for_the_sweep(model, settings, trouble):
    add(PASSAGE)
    if trouble == "away":
        model(ProviderAway("scripted"), model=PRICED)
    else:
        settings.AGENT_DAILY_TOKENS = 10
        model(SAID, model=PRICED)
    proposing.propose()
    assert questions() == []

    settings.AGENT_DAILY_TOKENS = 100_000
    model(SAID, model=PRICED)
    proposing.propose()

    assert len(questions()) == 2


def test_passage_that_is_gone_meanwhile_keeps_nothing(model):
    async def read_again():
        from leads.threads import in_thread

        await in_thread(Document.objects.all().delete)

    model(SAID, model=PRICED, meanwhile=read_again)
    add(PASSAGE)

    proposing.propose()

    assert not Chunk.objects.exists()


@pytest.mark.parametrize("kind", ["faq", "event"])
def test_what_comes_with_its_questions_is_not_asked_about(model, kind):
    provider = model(SAID, model=PRICED)
    document = Document.objects.create(kind=kind, title="Onde?", text="## x\nLá.", source="x")
    knowledge.read_document(document.pk)

    proposing.propose()

    assert Chunk.objects.exists()
    assert provider.prompts == []
