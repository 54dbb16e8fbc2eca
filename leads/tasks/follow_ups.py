"""What workers do for follow-ups."""

from celery import shared_task

from config.nudge import Nudge
from leads.services import follow_ups, sequences


@shared_task(base=Nudge)
def send_follow_up(follow_up_id: int) -> None:
    follow_ups.send(follow_up_id)


@shared_task
def begin_follow_ups() -> None:
    """Every minute: enrol whose trigger came, and start one task for each that is due."""
    sequences.enrol()
    for follow_up_id in follow_ups.due():
        send_follow_up.delay(follow_up_id)
