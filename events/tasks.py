"""What workers do for events. Each may run twice, late, or after its row is gone."""

from celery import shared_task

from config.nudge import Nudge
from events import services


@shared_task(base=Nudge, autoretry_for=(OSError,), retry_backoff=5, max_retries=2)
def send_event_notification_email(notification_id: int) -> None:
    services.send_notification(notification_id)


@shared_task(base=Nudge)
def start_event_mails(notification_ids: list[int]) -> None:
    for notification_id in notification_ids:
        send_event_notification_email.delay(notification_id)


@shared_task
def send_bulk_event_reminders() -> None:
    """Every five minutes."""
    services.remind()


@shared_task
def send_shortfall_warnings() -> None:
    """Every quarter of an hour."""
    services.warn_of_shortfalls()


@shared_task
def retry_waiting_notifications() -> None:
    """Every two minutes: start what was lost between commit and queue, or failed."""
    start_event_mails(services.overdue_notifications())


@shared_task
def cleanup_expired_events() -> None:
    """Every night: one task for each event that ended, so that none can hold up the others."""
    for event_id in services.ended_events():
        finish_event.delay(event_id)
    services.archive_old_events()


@shared_task
def finish_event(event_id: int) -> None:
    services.finish(event_id)
