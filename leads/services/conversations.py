# PLACEHOLDER
"""What is said with a lead."""

import uuid
from datetime import datetime

from django.utils import timezone

from leads.models import Conversation, Lead, Message, WhatsAppInstance
from leads.tasks import agent
from users.models import User


def of_contact(
    lead: Lead, *, channel: str, instance: WhatsAppInstance | None, address: str, key: str
) -> Conversation:
    return Conversation.objects.get_or_create(
        channel=channel,
        instance=instance,
        key=key,
        defaults={"lead": lead, "address": address, "public_id": uuid.uuid4()},
    )[0]


def receive(
    conversation: Conversation,
    *,
    external_id: str,
    text: str,
    kind: str = "text",
    sent_at: datetime,
    name: str = "",
) -> tuple[Message, bool]:
    message, is_new = Message.objects.get_or_create(
        instance=conversation.instance,
        external_id=external_id,
        defaults={
            "conversation": conversation,
            "author": Message.Author.PERSON,
            "text": text,
            "kind": kind,
            "sent_at": sent_at,
        },
    )
    if is_new:
        conversation.answer_due_at = timezone.now()
        conversation.save(update_fields=["answer_due_at"])
        agent.answer_conversation.delay_on_commit(conversation.pk)
    return message, is_new


def edited(instance: WhatsAppInstance, external_id: str, *, text: str, at: datetime) -> None:
    messages = Message.objects.filter(instance=instance, external_id=external_id)
    messages.update(text=text, edited_at=at)


def reacted(instance: WhatsAppInstance, external_id: str, *, emoji: str) -> None:
    messages = Message.objects.filter(instance=instance, external_id=external_id)
    messages.update(reaction=emoji[:16])


def staff_wrote(
    conversation: Conversation, *, by: User | None, text: str, external_id: str | None = None
) -> Message:
    Conversation.objects.filter(pk=conversation.pk).update(state=Conversation.State.STAFF)
    return Message.objects.create(
        conversation=conversation,
        instance=conversation.instance,
        author=Message.Author.STAFF,
        staff=by,
        text=text,
        external_id=external_id,
        delivery=Message.Delivery.SENT,
    )
