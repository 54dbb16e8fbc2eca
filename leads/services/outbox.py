# PLACEHOLDER: of "whatsapp"
from typing import Any

from leads.models import Conversation, Message
from users.models import User


def queue(
    conversation: Conversation,
    *,
    author: str,
    text: str,
    staff: User | None = None,
    answers_through: int | None = None,
    citations: Any = (),
    action: str = "",
) -> Message:
    """Keep a message to be sent, inside the caller's transaction."""
    return Message.objects.create(
        conversation=conversation,
        instance=conversation.instance,
        author=author,
        text=text,
        staff=staff,
        answers_through=answers_through,
        citations=list(citations),
        action=action,
        delivery=Message.Delivery.QUEUED,
    )
