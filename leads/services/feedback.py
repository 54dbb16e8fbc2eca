"""Whether an answer helped: the thumb of whom it was for."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads.models import Message


class NotAnAnswer(DomainError):
    code = "not_an_answer"
    message = _("Only the assistant's answers can be rated.")


def give(message: Message, value: str) -> None:
    """Keep the latest thumb of an answer; "" takes it back."""
    answers = Message.objects.filter(author=Message.Author.AGENT, pk=message.pk)
    if not answers.update(feedback=Message.Feedback(value).value if value else ""):
        raise NotAnAnswer
