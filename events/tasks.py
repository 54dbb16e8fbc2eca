"""What workers do for events. Each may run twice, late, or after its row is gone."""

from celery import shared_task

from config.nudge import Nudge
from config.patience import OWN_TRIES
from events import services


@shared_task(base=Nudge, **OWN_TRIES)
def send_event_notification_email(notification_id: int) -> None:
    services.send_notification(notification_id)


@shared_task(base=Nudge)
def start_event_mails(notification_ids: list[int]) -> None:
    for notification_id in notification_ids:
        send_event_notification_email.delay(notification_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_photo_decision(photo_id: int) -> None:
    services.mail_photo_decision(photo_id)


@shared_task
def retry_waiting_photo_mails() -> None:
    """Every five minutes: start what was lost between commit and queue, or failed."""
    for photo_id in services.overdue_photo_mails():
        send_photo_decision.delay(photo_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_event_digest(digest_id: int) -> None:
    services.send_digest(digest_id)


@shared_task
def begin_event_digests() -> None:
    """Every Thursday morning."""
    services.begin_digests()


@shared_task
def retry_waiting_digests() -> None:
    """Every ten minutes: start what was lost between commit and queue, or failed."""
    for digest_id in services.overdue_digests():
        send_event_digest.delay(digest_id)


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


@shared_task(base=Nudge)
def process_event_report_statistics(report_id: int) -> None:
    services.process_report_statistics(report_id)


@shared_task
def process_waiting_reports() -> None:
    """Every five minutes: one task for each report that the ledger does not follow yet."""
    for report_id in services.unprocessed_reports():
        process_event_report_statistics.delay(report_id)


@shared_task
def generate_monthly_impact_report() -> None:
    """Every night, so that it is there on the 1st: what was done in the month before."""
    services.generate_monthly_report()


@shared_task(base=Nudge, **OWN_TRIES)
def draw_month(report_id: int) -> None:
    services.draw_month(report_id)


@shared_task
def draw_waiting_months() -> None:
    """Every ten minutes: the files that are missing, lost between commit and queue."""
    for report_id in services.undrawn_months():
        draw_month.delay(report_id)


@shared_task
def extend_event_series() -> None:
    """Every night: one task for each series that may go on."""
    for series_id in services.series_to_extend():
        extend_one_series.delay(series_id)


@shared_task
def extend_one_series(series_id: int) -> None:
    services.extend_series(series_id)
