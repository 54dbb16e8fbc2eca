"""What staff mend in the admin: events that were given up, numbers, documents, open questions."""

import pytest
from django.utils import timezone

from leads.models import Document, OpenQuestion, WebhookEvent, WhatsAppInstance
from leads.services import knowledge

QUESTION = "tem vaga pra estacionar perto do mutirão de domingo? vou com a minha vó 🌱"


@pytest.fixture
def number(transactional_db):
    return WhatsAppInstance.objects.create(
        name="mutirao", path_key="key", state="open", paused_at=timezone.now(), pause_reason="staff"
    )


@pytest.fixture
def document(transactional_db):
    document = Document.objects.create(
        kind="faq", title="O que devo levar?", text="Água, chapéu e protetor solar."
    )
    knowledge.read_document(document.pk)
    return document


def choose_all(page, act):
    """The command of a list, for all its rows."""
    page.check("#action-toggle")
    page.select_option("select[name=action]", act)
    page.click("#changelist-actions button[name=index], button[name=index]")


def begin(screen, name):
    """A command of the page, which a phone keeps in a menu: to where it is confirmed."""
    screen.open(screen.page.get_attribute(f"a:has-text('{name}')", "href"), "confirm")


def confirm(page):
    page.click("form:has([name=confirmed]) button[type=submit]")


def test_what_was_given_up_is_processed_again(signed_in, number):
    event = WebhookEvent.objects.create(
        instance=number,
        event="messages.upsert",
        external_id="ABC",
        payload="{}",
        attempts=3,
        given_up_at=timezone.now(),
        error="KeyError: 'key'",
    )
    screen, page = signed_in, signed_in.page

    screen.open(f"/admin/leads/webhookevent/{event.pk}/change/", "event")
    screen.open("/admin/leads/webhookevent/?given_up_at__isempty=0", "events")
    choose_all(page, "replay")
    page.wait_for_selector("text=A processar de novo: 1")
    screen.look("events-again")

    event.refresh_from_db()
    assert (event.given_up_at, event.processed_at is not None) == (None, True)


def test_a_number_is_resumed(signed_in, number):
    screen, page = signed_in, signed_in.page

    screen.open(f"/admin/leads/whatsappinstance/{number.pk}/change/", "number")
    screen.open("/admin/leads/whatsappinstance/", "numbers")
    choose_all(page, "resume")
    page.wait_for_selector("text=Retomados: 1")

    number.refresh_from_db()
    assert number.paused_at is None


def test_a_document_is_looked_at_and_read_again(signed_in, document):
    screen, page = signed_in, signed_in.page
    Document.objects.filter(pk=document.pk).update(status="failed", error="broken")

    screen.open("/admin/leads/document/", "documents")
    page.click("#result_list a:has-text('O que devo levar?')")
    screen.look("document")
    # An input without a border is not seen.
    border = "node => getComputedStyle(node).borderTopWidth"
    assert page.eval_on_selector("[name=url]", border) == "1px"
    begin(screen, "Ler de novo")
    confirm(page)
    page.wait_for_selector("text=Documentos lidos de novo: 1")
    screen.open("/admin/leads/chunk/", "passages")
    page.click("#result_list tbody a:visible")
    screen.look("passage")

    document.refresh_from_db()
    assert document.status == "ready"


def test_an_open_question_becomes_an_answer_for_everyone(signed_in, document):
    question = OpenQuestion.objects.create(text=QUESTION)
    screen, page = signed_in, signed_in.page

    screen.open("/admin/leads/openquestion/", "questions")
    page.click("#result_list a:has-text('tem vaga')")
    screen.look("question")
    begin(screen, "Responder para todos")
    screen.look("question-answer")
    page.fill("[name=answer]", "Sim, há um estacionamento gratuito na rua ao lado.")
    page.fill("[name=question]", "Tem vaga para estacionar?")
    confirm(page)
    page.wait_for_selector("text=A pergunta é respondida a partir de agora")
    screen.look("question-answered")

    question.refresh_from_db()
    assert question.document.title == "Tem vaga para estacionar?"
    assert question.document.status == "ready"
