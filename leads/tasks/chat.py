"""What the web chat leaves to workers."""

from celery import shared_task

from leads.services import web_chat


@shared_task
def publish_waiting_messages() -> None:
    web_chat.publish_waiting()
