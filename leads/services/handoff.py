# PLACEHOLDER
"""A person takes over."""

from django.utils import timezone

from leads.models import Conversation


def hand_off(conversation: Conversation, *, reason: str, summary: str) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(
        state=Conversation.State.WAITING,
        handed_off_at=timezone.now(),
        handoff_reason=reason,
        summary=summary,
    )
