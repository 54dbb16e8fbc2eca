"""What workers do for conversations: answer them, and tell staff who waits."""

from celery import shared_task

from config.nudge import Nudge
from leads.services import answers, handoff, summaries


@shared_task(base=Nudge)
def answer_conversation(conversation_id: int) -> None:
    answers.answer(conversation_id)


@shared_task
def answer_waiting_conversations() -> None:
    """Every minute: answer what was lost between a message and its answer."""
    for conversation_id in answers.overdue():
        answer_conversation.delay(conversation_id)


@shared_task(base=Nudge, autoretry_for=(OSError,), retry_backoff=5, max_retries=2)
def send_handoff_mails(conversation_id: int) -> None:
    handoff.tell(conversation_id)


@shared_task
def escalate_handoffs() -> None:
    """Every minute: tell again where nobody was told, and more people where nobody answered."""
    handoff.wait_again()
    for conversation_id in handoff.untold():
        send_handoff_mails.delay(conversation_id)
    for conversation_id in handoff.overdue():
        send_escalation_mails.delay(conversation_id)


@shared_task(base=Nudge, autoretry_for=(OSError,), retry_backoff=5, max_retries=2)
def send_escalation_mails(conversation_id: int) -> None:
    handoff.escalate(conversation_id)


@shared_task(base=Nudge)
def summarize_conversation(conversation_id: int) -> None:
    summaries.summarize(conversation_id)
