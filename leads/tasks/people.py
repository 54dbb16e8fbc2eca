"""What workers do for leads. Each may run twice, late, or after its row is gone."""

from typing import Any

from celery import shared_task

from config.nudge import Nudge
from leads.services import capture, imports

WAITING: dict[str, Any] = {"autoretry_for": (OSError,), "retry_backoff": 5, "max_retries": 2}


@shared_task(base=Nudge, **WAITING)
def send_lead_confirmation(claim_id: int) -> None:
    capture.mail_confirmation(claim_id)


@shared_task
def retry_waiting_confirmations() -> None:
    """Every five minutes: mail what was lost between commit and queue, or failed."""
    for claim_id in capture.overdue_confirmations():
        send_lead_confirmation.delay(claim_id)


@shared_task(base=Nudge)
def run_lead_import(import_id: int) -> None:
    imports.run_import(import_id)


@shared_task
def retry_waiting_lead_imports() -> None:
    """Every two minutes: go on with imports whose task was lost or failed."""
    for import_id in imports.waiting_imports():
        run_lead_import.delay(import_id)
