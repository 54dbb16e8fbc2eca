"""Schedules are rows that staff own once they are there; retention deletes what it names."""

from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from django.utils.module_loading import import_string
from django_celery_beat.models import PeriodicTask

from config import tasks
from config.models import IdempotentAnswer
from events.models import EventNotification
from tests.factories import EventFactory, UserFactory
from tests.together import run_together
from users.models import LoginAttempt


@pytest.mark.django_db
def test_every_schedule_becomes_a_row_in_local_time():
    call_command("seed_schedules")

    cleanup = PeriodicTask.objects.get(name="cleanup-expired-events")
    assert set(PeriodicTask.objects.values_list("name", flat=True)) >= set(settings.SCHEDULES)
    assert (cleanup.crontab.hour, cleanup.crontab.minute) == ("2", "0")
    assert str(cleanup.crontab.timezone) == "America/Sao_Paulo"


@pytest.mark.django_db
def test_what_staff_changed_stays():
    call_command("seed_schedules")
    PeriodicTask.objects.filter(name="event-reminders").update(enabled=False)
    rows = PeriodicTask.objects.count()

    call_command("seed_schedules")

    assert PeriodicTask.objects.count() == rows
    assert not PeriodicTask.objects.get(name="event-reminders").enabled


@pytest.mark.django_db(transaction=True)
def test_two_who_seed_at_once_make_one_row_each():
    PeriodicTask.objects.all().delete()

    run_together(*[partial(call_command, "seed_schedules", stdout=StringIO()) for _ in range(4)])

    assert PeriodicTask.objects.count() == len(settings.SCHEDULES)


@pytest.mark.parametrize("path", [entry[0] for entry in settings.SCHEDULES.values()])
def test_every_schedule_names_a_task(path):
    assert import_string(path).name == path


@pytest.mark.django_db
def test_retention_deletes_what_is_too_old_and_nothing_else(monkeypatch):
    monkeypatch.setattr(tasks, "BATCH", 2)
    past = timezone.now() - timedelta(days=91)
    LoginAttempt.objects.bulk_create(
        LoginAttempt(
            account="ana@example.org", address="192.0.2.1", succeeded=True, attempted_at=past
        )
        for _ in range(5)
    )
    recent = LoginAttempt.objects.create(
        account="ana@example.org", address="192.0.2.1", succeeded=True
    )

    tasks.clean_data()

    assert list(LoginAttempt.objects.all()) == [recent]


@pytest.mark.django_db
def test_retention_names_existing_rows_and_dates():
    old = timezone.now() - timedelta(days=4000)
    IdempotentAnswer.objects.create(owner="user:1", key="1", fingerprint="1", created_at=old)
    EventNotification.objects.create(
        event=EventFactory(), user=UserFactory(), kind="joined", version="1", created_at=old
    )

    tasks.clean_data()

    assert not IdempotentAnswer.objects.exists()
    assert not EventNotification.objects.exists()


@pytest.mark.django_db
def test_expired_sessions_are_deleted(client, staff):
    client.force_login(staff)
    session = client.session
    session.set_expiry(-1)
    session.save()

    tasks.clean_cache()

    assert not type(session).get_model_class().objects.exists()
