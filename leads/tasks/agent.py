# PLACEHOLDER
from celery import shared_task

from config.nudge import Nudge


@shared_task(base=Nudge)
def answer_conversation(conversation_id: int) -> None:
    pass
