# PLACEHOLDER
import uuid
from datetime import datetime
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from leads import streams
from leads.models import Conversation, Lead, Message
from leads.services import outbox
from users.models import User


def of_contact(
    lead: Lead,
    *,
    channel: str,
    instance: Any,
    address: str,
    key: str,
    public_id: uuid.UUID | None = None,
) -> Conversation:
    return Conversation.objects.get_or_create(
        channel=channel,
        instance=instance,
        key=key,
        defaults={"lead": lead, "address": address, "public_id": public_id or uuid.uuid4()},
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
    try:
        with transaction.atomic():
            message = conversation.messages.create(
                author="person", external_id=external_id, text=text, kind=kind, sent_at=sent_at
            )
    except IntegrityError:
        return conversation.messages.get(external_id=external_id), False
    state = conversation.state
    Conversation.objects.filter(pk=conversation.pk).update(
        last_message_at=sent_at,
        answer_due_at=timezone.now(),
        state="agent" if state == "closed" else state,
    )
    return message, True


@transaction.atomic
def staff_wrote(
    conversation: Conversation, *, by: User | None, text: str, external_id: str | None = None
) -> Message:
    message = outbox.queue(conversation, author="staff", text=text, staff=by)
    conversation.state, conversation.assigned_to = "staff", by
    conversation.handed_off_at = None
    conversation.save()
    transaction.on_commit(partial(streams.publish_state, conversation))
    return message
