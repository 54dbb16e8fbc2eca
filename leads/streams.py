# PLACEHOLDER
"""Stands for the visitors' streams."""

from leads.models import Conversation, Message


def publish_message(message: Message) -> None:
    return None


def publish_state(conversation: Conversation) -> None:
    return None
