"""A conversation in the admin, as whoever answers sees it."""

import pytest

from leads.models import Conversation
from leads.services import answers
from tests.leads.making import conversation

LONG = (
    "Encontrei isto: “Para participar, escolha um mutirão na agenda e toque em Participar; "
    "leve água, chapéu e roupa que possa sujar.”"
)


@pytest.fixture
def waiting(transactional_db):
    made = conversation(
        "Maria das Dores da Silva",
        ("person", "oi, como faço pra participar de um mutirao?"),
        ("agent", LONG),
        ("person", "e criança pode ir? 🌱"),
        ("system", "Vou chamar uma pessoa da equipe. Ela responde aqui mesmo."),
        state="waiting",
        waiting_minutes=42,
        handoff_reason="asked",
        summary="Quer saber se crianças podem participar.",
    )
    answer = made.messages.get(author="agent")
    answer.citations = [{"document": 1, "title": "Como participar", "url": "https://example.org/"}]
    answer.feedback = "up"
    answer.save()
    made.lead.consents.create(purpose="contact", is_given=True, channel="web")
    made.lead.claims.create(kind="phone", key="k", value="+55 11 91234-5678")
    conversation("Visita antiga", ("person", "obrigado!"), state="closed")
    return made


def test_a_conversation_is_read_and_answered(signed_in, waiting):
    screen, page = signed_in, signed_in.page

    screen.open("/admin/leads/conversation/", "conversations")
    page.click("#result_list a:has-text('Maria')")
    page.wait_for_selector("text=e criança pode ir?")
    screen.look("conversation")
    page.fill("#id_text", "Pode sim, com alguém responsável junto.")
    page.click("text=Enviar")
    page.wait_for_selector(".conversation-message.is-staff")
    screen.look("conversation-answered")
    page.fill("#id_text", "Estou escrevendo …")
    waiting.messages.create(author="person", text="Que bom, obrigada!")

    page.wait_for_selector("text=Que bom, obrigada!")

    assert page.input_value("#id_text") == "Estou escrevendo …"
    assert Conversation.objects.get(pk=waiting.pk).state == "staff"


def test_the_assistant_gets_it_back(signed_in, waiting, monkeypatch):
    monkeypatch.setattr(answers, "answer", lambda conversation_id: None)
    screen, page = signed_in, signed_in.page

    screen.open(f"/admin/leads/conversation/{waiting.pk}/change/", "conversation-waiting")
    page.click("text=Assumir")
    page.wait_for_selector("text=A partir de agora quem responde é você.")
    page.click("text=Devolver ao assistente")
    page.wait_for_selector("text=A partir de agora quem responde é o assistente.")
    screen.look("conversation-back")

    assert Conversation.objects.get(pk=waiting.pk).state == "agent"
