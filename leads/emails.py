# PLACEHOLDER
"""Mails to staff."""

from django.core.mail import send_mail

from leads.models import Conversation
from users.models import User


def handoff(conversation: Conversation, staff: User) -> None:
    summary = conversation.handoff_summary
    send_mail(f"#{conversation.pk}: {conversation.handoff_reason}", summary, None, [staff.email])


def escalation(conversation: Conversation, staff: User) -> None:
    send_mail(f"#{conversation.pk} waits", conversation.handoff_summary, None, [staff.email])
