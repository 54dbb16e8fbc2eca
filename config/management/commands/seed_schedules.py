"""`manage.py seed_schedules`: rows for the periodic tasks that have none yet."""

from typing import Any

from celery.schedules import crontab
from django.conf import settings
from django.core.management.base import BaseCommand
from django_celery_beat.models import CrontabSchedule, PeriodicTask, PeriodicTasks

FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone")


class Command(BaseCommand):
    """Adds what settings.SCHEDULES has and the table has not; what staff changed stays."""

    help = "Add the periodic tasks of settings.SCHEDULES that are missing."

    def handle(self, *args: Any, **options: Any) -> None:
        existing = set(PeriodicTask.objects.values_list("name", flat=True))
        missing = [
            PeriodicTask(name=name, task=task, crontab=_times(when))
            for name, (task, when) in settings.SCHEDULES.items()
            if name not in existing
        ]
        # The unique name decides between two who do this at once; `save` would raise in one.
        PeriodicTask.objects.bulk_create(missing, ignore_conflicts=True)
        if missing:
            PeriodicTasks.update_changed()
        names = ", ".join(row.name for row in missing)
        self.stdout.write(f"Schedules added: {names or 'none was missing'}.")


def _times(when: crontab) -> CrontabSchedule:
    row = CrontabSchedule.from_schedule(when)
    row.timezone = settings.CELERY_TIMEZONE
    same = {field: getattr(row, field) for field in FIELDS}
    return CrontabSchedule.objects.filter(**same).first() or CrontabSchedule.objects.create(**same)
