# PLACEHOLDER
from leads.models import Message


def give(message: Message, value: str) -> None:
    Message.objects.filter(pk=message.pk).update(feedback=value)
