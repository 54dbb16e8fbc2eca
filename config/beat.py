"""Beat: each slot of a schedule is sent once, however many beats run."""

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, product, starmap, takewhile
from typing import Any

from celery.schedules import crontab
from celery.schedules import schedule as interval
from django.db import Error, close_old_connections, transaction
from django.db.models import F, QuerySet
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry
from kombu.exceptions import OperationalError

from config import heartbeat, metrics
from config.models import PeriodicRun

logger = logging.getLogger(__name__)

# So far back slots are counted that nobody sent.
LOOK_BACK = timedelta(days=1)
EPOCH = datetime.fromtimestamp(0, UTC)


class Scheduler(DatabaseScheduler):
    """Sends what is due and notes its slot, together; what another beat sent is left out.

    A tick that does not reach database or broker sends nothing, and the next one tries again.
    """

    def setup_schedule(self) -> None:
        """Add nothing and ask nothing: rows are seeded, and the database may be away."""

    def enabled_models_qs(self) -> QuerySet[PeriodicTask]:
        """All of them: without those of other hours, as in the parent, none could be caught up.

        But for tasks that this version does not have: rows outlive a newer one that was taken
        back, and no worker would know what to do.
        """
        enabled, known = PeriodicTask.objects.enabled(), [*self.app.tasks]
        if unknown := sorted(enabled.exclude(task__in=known).values_list("name", flat=True)):
            logger.warning("Beat leaves out what this version lacks: %s.", ", ".join(unknown))
        return enabled.filter(task__in=known)

    @metrics.beat_tick()
    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; return after how many seconds to look again."""
        try:
            self._reach_both()
            waits = [self._run(entry) for entry in self.schedule.values()]
        except (Error, OperationalError) as error:
            logger.warning("Beat waits: database or broker is away (%s).", type(error).__name__)
            self._initial_read = True  # the schedule may have been read in part
            return self.max_interval
        heartbeat.touch("beat")
        return min([self.max_interval, *waits])

    def _reach_both(self) -> None:
        """Raise when one of them is away, so that the heartbeat tells of both."""
        close_old_connections()
        self.Changes.last_change()
        with self.app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=0)

    def _run(self, entry: ModelEntry) -> float:
        """Send the entry if it is due; return after how many seconds it may be due again."""
        try:
            if entry.is_due().is_due:
                self._send(entry, datetime.now(UTC))
            return entry.is_due().next
        except (Error, OperationalError):
            raise
        except Exception:  # whatever is wrong with one entry, the others get their turn
            logger.exception("Beat cannot send %s.", entry.name)
            return self.max_interval

    def _send(self, entry: ModelEntry, now: datetime) -> None:
        """Publish the message and note its slot in one transaction.

        Killed before the commit, it is sent again. Another beat waits for this one's commit,
        and then finds the slot taken.
        """
        slot = next(due_moments(entry.schedule, now))
        with transaction.atomic():
            _, is_mine = PeriodicRun.objects.get_or_create(name=entry.name, slot=slot)
            if is_mine:
                self.app.send_task(entry.task, entry.args, entry.kwargs, **entry.options)
                PeriodicTask.objects.filter(pk=entry.model.pk).update(
                    last_run_at=slot, total_run_count=F("total_run_count") + 1
                )
        if is_mine:
            metrics.beat_sent(entry.name)
            _tell_missed(entry, slot)
        entry.last_run_at = entry.model.last_run_at = slot
        entry.model.total_run_count += 1


def _tell_missed(entry: ModelEntry, slot: datetime) -> None:
    if lost := missed(entry, slot):
        metrics.beat_missed(entry.name, lost)
        logger.warning("Beat missed %s slots of %s.", lost, entry.name)


def missed(entry: ModelEntry, slot: datetime) -> int:
    """How many slots nobody sent between the last run and this slot, a day back at most."""
    since = max(entry.last_run_at, slot - LOOK_BACK, entry.model.start_time or entry.last_run_at)
    earlier = due_moments(entry.schedule, slot - timedelta.resolution)
    return sum(1 for _ in takewhile(lambda moment: moment > since, earlier))


# Celery's own hints do not know the fields of its schedules, hence Any from here on.
def due_moments(schedule: Any, now: datetime) -> Iterator[datetime]:
    """When the schedule was due, from the latest moment back: the same for every beat."""
    kind = type(schedule)
    if issubclass(kind, crontab):
        return _moments_of_crontab(schedule, now)
    if issubclass(kind, interval):
        return _moments_of_interval(schedule.run_every, now)
    return iter([schedule.clocked_time])


def _moments_of_crontab(schedule: Any, now: datetime) -> Iterator[datetime]:
    """Times of day in the schedule's zone.

    One that comes twice, since clocks go back, is the first of both. One that does not come,
    since they go forward, is as much later: it is not left out.
    """
    hours, minutes = (sorted(times, reverse=True) for times in (schedule.hour, schedule.minute))
    day = now.astimezone(schedule.tz).date()
    while True:
        if _is_day_of(schedule, day):
            for clock in starmap(time, product(hours, minutes)):
                moment = datetime.combine(day, clock, schedule.tz).astimezone(UTC)
                if moment <= now:
                    yield moment
        day -= timedelta(days=1)


def _is_day_of(schedule: Any, day: date) -> bool:
    return bool(
        day.month in schedule.month_of_year
        and day.day in schedule.day_of_month
        and day.isoweekday() % 7 in schedule.day_of_week
    )


def _moments_of_interval(every: timedelta, now: datetime) -> Iterator[datetime]:
    """The starts of the intervals, which are counted from 1970 for all beats alike."""
    number = (now - EPOCH) // every
    return (EPOCH + earlier * every for earlier in count(number, -1))
