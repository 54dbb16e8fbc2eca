"""What workers do for no app in particular. Each may run twice or be killed at any point."""

import logging

from celery import shared_task
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from config import backups, files, totals

logger = logging.getLogger(__name__)

BATCH = 1000


@shared_task
def clean_cache() -> None:
    """Every night: delete the expired sessions of the admin; Redis ends its own entries itself."""
    call_command("clearsessions")


@shared_task
def clean_data() -> None:
    """Every night: delete what settings.RETENTION does not keep longer, in short statements."""
    for label, (field, age) in settings.RETENTION.items():
        rows = apps.get_model(label).objects
        old = rows.filter(**{f"{field}__lt": timezone.now() - age}).values_list("pk", flat=True)
        deleted = 0
        while ids := list(old[:BATCH]):
            deleted += rows.filter(pk__in=ids).delete()[0]
        logger.info("Deleted %s rows of %s.", deleted, label)


@shared_task
def clean_files() -> None:
    """Every night: delete stored files that no row names any more."""
    logger.info("Deleted %s files that nothing named.", files.delete_orphans())


# Acknowledged at once: it takes longer than a message may go unanswered. A night that is lost
# to a kill is made up for by the next hour's.
@shared_task(acks_late=False, soft_time_limit=3500, time_limit=3600)
def back_up() -> None:
    """Every night at three: one archive of all there is."""
    backups.back_up_unless_done()


@shared_task
def count_totals() -> None:
    """Every hour: count what the dashboard and /metrics tell."""
    totals.count()
