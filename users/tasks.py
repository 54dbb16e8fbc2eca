"""What workers do for accounts. Each may run twice, late, or after its row is gone.

Those that are no Nudges have no row that waits: without a broker the request for
such a mail fails, so that it is made again.
"""

from celery import shared_task

from config.dead_letters import DeadLetterTask
from config.nudge import Nudge
from config.patience import OWN_TRIES
from users import services

# No sweep finds what these were for.
PATIENT = {**OWN_TRIES, "max_retries": 5}


@shared_task(base=Nudge, **OWN_TRIES)
def send_welcome_email(user_id: int) -> None:
    services.welcome(user_id)


@shared_task(base=DeadLetterTask, **PATIENT)
def send_sign_in_link(user_id: int) -> None:
    services.mail_sign_in_link(user_id)


@shared_task(base=DeadLetterTask, **PATIENT)
def send_password_reset(user_id: int) -> None:
    services.mail_password_reset(user_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_password_changed(user_id: int) -> None:
    services.mail_password_changed(user_id)


@shared_task(base=DeadLetterTask, **PATIENT)
def send_email_confirmation(user_id: int) -> None:
    services.mail_email_confirmation(user_id)


@shared_task(base=DeadLetterTask, **PATIENT)
def send_email_change(user_id: int) -> None:
    services.mail_email_change(user_id)


@shared_task(base=DeadLetterTask, **PATIENT)
def send_email_change_notice(user_id: int, old_email: str = "", new_email: str = "") -> None:
    services.mail_email_change_notice(user_id, old_email, new_email)


# Acknowledged at once, since it may take longer than a message may go unanswered: the sweep finds
# what its worker left.
@shared_task(base=Nudge, acks_late=False, soft_time_limit=540, time_limit=570)
def make_data_export(export_id: int) -> None:
    services.make_export(export_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_data_export(export_id: int) -> None:
    services.mail_export(export_id)


@shared_task(base=Nudge, **OWN_TRIES)
def finish_erasure(erasure_id: int) -> None:
    services.finish_erasure(erasure_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_farewell(erasure_id: int) -> None:
    services.mail_farewell(erasure_id)


@shared_task(base=Nudge, **OWN_TRIES)
def send_badge_mail(user_id: int) -> None:
    services.mail_badges(user_id)


@shared_task
def retry_waiting_badge_mails() -> None:
    """Every two minutes: start what was lost between commit and queue, or failed."""
    for user_id in services.overdue_badge_mails():
        send_badge_mail.delay(user_id)


@shared_task
def retry_waiting_privacy() -> None:
    """Every five minutes: start what was lost of copies and erasures, or failed."""
    for export_id in services.overdue_exports():
        make_data_export.delay(export_id)
    for export_id in services.overdue_export_mails():
        send_data_export.delay(export_id)
    for erasure_id in services.overdue_erasures():
        finish_erasure.delay(erasure_id)
    for erasure_id in services.overdue_farewells():
        send_farewell.delay(erasure_id)


@shared_task
def delete_old_exports() -> None:
    """Every night."""
    services.delete_old_exports()


@shared_task
def retry_waiting_welcomes() -> None:
    """Every five minutes: start what was lost between commit and queue, or failed."""
    for user_id in services.overdue_welcomes():
        send_welcome_email.delay(user_id)


@shared_task
def retry_waiting_password_mails() -> None:
    """Every five minutes, likewise."""
    for user_id in services.overdue_password_mails():
        send_password_changed.delay(user_id)


@shared_task
def delete_expired_tokens() -> None:
    """Every night."""
    services.delete_expired_tokens()


@shared_task(base=Nudge)
def run_user_import(import_id: int) -> None:
    services.run_import(import_id)


@shared_task
def retry_waiting_imports() -> None:
    """Every two minutes: go on with imports whose task was lost or failed."""
    for import_id in services.waiting_imports():
        run_user_import.delay(import_id)


@shared_task(base=Nudge)
def update_user_statistics(*user_ids: int) -> None:
    """After a change of their ledgers; every night, without ids, of everyone."""
    services.update_statistics(user_ids or None)


@shared_task(base=Nudge)
def check_and_award_badges(user_ids: list[int] | None = None) -> None:
    """After a change of their ledgers; every night of everyone."""
    services.evaluate_badges(user_ids)
