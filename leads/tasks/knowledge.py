"""What workers do for knowledge."""

from celery import shared_task

from config.nudge import Nudge
from leads.services import knowledge as services
from leads.services import proposing, reindexing


@shared_task(base=Nudge)
def read_document(document_id: int) -> None:
    services.read_document(document_id)


@shared_task(base=Nudge)
def embed_waiting() -> None:
    reindexing.embed_waiting()


@shared_task(base=Nudge)
def propose_questions() -> None:
    proposing.propose()


@shared_task
def retry_waiting_knowledge() -> None:
    """Every five minutes: read what nobody reads, embed what was left, forget what expired."""
    services.expire_documents()
    for document_id in services.waiting_documents():
        read_document.delay(document_id)
    embed_waiting.delay()
    propose_questions.delay()


@shared_task
def refresh_events() -> None:
    """Every quarter of an hour: what is published now, and nothing else."""
    services.refresh_events()


@shared_task
def refresh_pages() -> None:
    """Every night."""
    services.refresh_pages()
