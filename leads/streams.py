# PLACEHOLDER
"""The visitor's stream."""

from leads.models import Message


def publish_message(message: Message) -> None:
    return None
