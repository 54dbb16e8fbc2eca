"""Beat sends each slot of a schedule once, however many beats there are and whatever is away."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
import redis
from celery import Celery
from celery.schedules import crontab, schedule
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from kombu.exceptions import OperationalError as BrokerAway
from prometheus_client import REGISTRY

from config import beat, tasks
from config.celery import app
from config.models import PeriodicRun
from tests.together import run_together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def sign(tmp_path, monkeypatch):
    monkeypatch.setenv("HEARTBEAT_FILE", str(tmp_path / "sign"))
    return tmp_path / "sign"


@pytest.fixture
def client():
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


@pytest.fixture
def hourly(time_machine):
    time_machine.move_to("2027-01-01T10:30Z")
    PeriodicTask.objects.all().delete()
    interval = IntervalSchedule.objects.create(every=1, period="hours")
    before = timezone.now() - timedelta(hours=1)
    return PeriodicTask.objects.create(
        name="hourly", task=tasks.clean_cache.name, interval=interval, last_run_at=before
    )


def a_beat(broker_url=settings.CELERY_BROKER_URL):
    """As a process of its own would have it: with our settings, but an application of its own."""
    app = Celery("elsewhere", task_cls="config.nudge:Nudge", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=broker_url, task_always_eager=False)
    return beat.Scheduler(app)


def test_two_beats_send_each_slot_once(hourly, client):
    run_together(*[a_beat().tick for _ in range(4)])

    hourly.refresh_from_db()
    assert client.llen("default") == 1
    assert [run.name for run in PeriodicRun.objects.all()] == ["hourly"]
    assert (hourly.last_run_at.minute, hourly.last_run_at.second) == (0, 0)
    assert hourly.total_run_count == 1


def test_next_slot_is_sent_too(hourly, client, time_machine):
    scheduler = a_beat()
    scheduler.tick()
    scheduler.tick()
    time_machine.shift(timedelta(hours=1))

    scheduler.tick()

    assert client.llen("default") == 2


def test_slot_is_not_noted_when_the_broker_is_away(hourly, client, closed_port, sign, caplog):
    a_beat(f"redis://127.0.0.1:{closed_port}/0").tick()

    assert not PeriodicRun.objects.exists()
    assert not sign.exists()
    assert "Beat waits: database or broker is away (OperationalError)." in caplog.text
    a_beat().tick()
    assert client.llen("default") == 1


def test_slot_is_not_noted_when_publishing_fails(hourly, client, monkeypatch):
    scheduler = a_beat()

    def send_task(*args, **options):
        raise BrokerAway

    with monkeypatch.context() as patch:
        patch.setattr(scheduler.app, "send_task", send_task)
        scheduler.tick()

    assert not PeriodicRun.objects.exists()
    scheduler.tick()
    assert client.llen("default") == 1


def test_database_that_is_away_ends_no_beat(hourly, client, monkeypatch, sign):
    scheduler = a_beat()

    def last_change():
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(scheduler.Changes, "last_change", last_change)
        assert scheduler.tick() == scheduler.max_interval
        assert not sign.exists()

    scheduler.tick()
    assert client.llen("default") == 1
    assert sign.exists()


def test_one_bad_schedule_does_not_stop_the_others(hourly, client, monkeypatch, caplog):
    PeriodicTask.objects.create(
        name="bad",
        task=tasks.count_totals.name,
        interval=hourly.interval,
        last_run_at=hourly.last_run_at,
    )
    sent = beat.due_moments

    def due_moments(*args):
        monkeypatch.setattr(beat, "due_moments", sent)
        raise ZeroDivisionError

    monkeypatch.setattr(beat, "due_moments", due_moments)

    a_beat().tick()

    assert client.llen("default") == 1
    assert "Beat cannot send" in caplog.text


def test_task_of_a_version_that_was_taken_back_is_not_sent(hourly, client, caplog):
    rest = {"interval": hourly.interval, "last_run_at": hourly.last_run_at}
    PeriodicTask.objects.create(name="newer", task="leads.tasks.newer.work", **rest)
    scheduler = a_beat()

    scheduler.tick()
    scheduler.tick()

    assert client.llen("default") == 1
    assert [run.name for run in PeriodicRun.objects.all()] == ["hourly"]
    assert caplog.text.count("Beat leaves out what this version lacks: newer.") == 1


def test_each_seeded_task_is_known_to_beat(db):
    """As Celery's own program loads them before it reads the schedule."""
    app.loader.init_worker()

    assert {task for task, _ in settings.SCHEDULES.values()} <= app.tasks.keys()


def test_slots_that_nobody_sent_are_told_and_one_is_sent(hourly, client, caplog):
    PeriodicTask.objects.update(last_run_at=timezone.now() - timedelta(hours=5))
    before = told("mutirao_beat_missed_total")

    a_beat().tick()

    assert client.llen("default") == 1
    assert "Beat missed 4 slots of hourly." in caplog.text
    assert told("mutirao_beat_missed_total") - before == 4


def told(name):
    """What Prometheus is told of this schedule."""
    return REGISTRY.get_sample_value(name, {"schedule": "hourly"}) or 0


@pytest.mark.parametrize(
    ("when", "now", "latest"),
    [
        (schedule(timedelta(minutes=5)), "2027-01-01T10:07", ["2027-01-01T10:05"]),
        (crontab(minute="*/5"), "2027-01-01T10:05", ["2027-01-01T10:05", "2027-01-01T10:00"]),
        (crontab(hour=2, minute=0), "2027-01-01T01:00", ["2026-12-31T02:00"]),
        (
            crontab(day_of_month=1, hour=3, minute=30),
            "2027-02-20T00:00",
            ["2027-02-01T03:30", "2027-01-01T03:30"],
        ),
        (crontab(day_of_week=1, hour=9, minute=0), "2027-01-03T00:00", ["2026-12-28T09:00"]),
    ],
)
def test_slots_of_a_schedule(when, now, latest):
    when.app = Celery(set_as_current=False, timezone="UTC")
    now = datetime.fromisoformat(now).replace(tzinfo=UTC)

    moments = islice(beat.due_moments(when, now), len(latest))

    assert [moment.strftime("%Y-%m-%dT%H:%M") for moment in moments] == latest
