# PLACEHOLDER
"""PARAR and VOLTAR."""

from leads.models import Conversation, Message


def opt_word(text: str) -> str | None:
    word = text.strip().rstrip(".!").upper()
    return "out" if word in ("PARAR", "SAIR", "STOP") else "in" if word == "VOLTAR" else None


def apply(conversation: Conversation, message: Message, word: str) -> str:
    return f"Confirmado: {word}."
