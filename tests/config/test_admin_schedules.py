import pytest
from django.utils import translation
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    PeriodicTasks,
)
from kombu.exceptions import OperationalError

from config.admin.crontabs import in_words

LIST = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def crontab(db):
    return CrontabSchedule.objects.create(minute="0", hour="2", timezone="America/Sao_Paulo")


@pytest.fixture
def task(crontab):
    return PeriodicTask.objects.create(
        name="limpeza", task="events.tasks.cleanup_expired_events", crontab=crontab
    )


def filled(current, **changes):
    return {
        "name": current.name,
        "task": current.task,
        "enabled": "on",
        "crontab": current.crontab_id,
        "args": "[]",
        "kwargs": "{}",
        **changes,
    }


def errors_of(response):
    return response.context["adminform"].form.errors


def chosen(action, *tasks):
    return {"action": action, "_selected_action": [task.pk for task in tasks]}


@pytest.mark.parametrize(
    ("crontab", "portuguese", "english"),
    [
        ({"minute": "*/5"}, "A cada 5 minutos", "Every 5 minutes"),
        ({"minute": "0", "hour": "2"}, "Às 02:00", "At 02:00"),
        (
            {"minute": "0", "hour": "9", "day_of_week": "0"},
            "Às 09:00, somente de Domingo",
            "At 09:00, only on Sunday",
        ),
        ({"month_of_year": "13"}, "* * * 13 *", "* * * 13 *"),
    ],
)
def test_crontab_in_words(crontab, portuguese, english):
    schedule = CrontabSchedule(timezone="America/Sao_Paulo", **crontab)

    with translation.override("pt-br"):
        assert in_words(schedule) == f"{portuguese} (America/Sao_Paulo)"
    with translation.override("en"):
        assert in_words(schedule) == f"{english} (America/Sao_Paulo)"


def test_task_gets_another_time(admin_client, task):
    hourly = CrontabSchedule.objects.create(minute="0", timezone="America/Sao_Paulo")
    before = PeriodicTasks.last_change()

    response = admin_client.post(f"{LIST}{task.pk}/change/", filled(task, crontab=hourly.pk))

    task.refresh_from_db()
    assert response.status_code == 302
    assert task.crontab == hourly
    assert PeriodicTasks.last_change() > before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"crontab": ""}, "__all__"),
        ({"args": "{}"}, "args"),
        ({"args": "[1"}, "args"),
        ({"kwargs": "[]"}, "kwargs"),
        ({"task": "os.system"}, "task"),
        ({"expires_0": "01/01/2027", "expires_1": "10:00", "expire_seconds": 5}, "expire_seconds"),
    ],
)
def test_task_that_cannot_run_is_refused(admin_client, task, changes, field):
    response = admin_client.post(f"{LIST}{task.pk}/change/", filled(task, **changes))

    assert list(errors_of(response)) == [field]


def test_two_schedules_at_once_are_refused(admin_client, task):
    interval = IntervalSchedule.objects.create(every=5, period="minutes")

    response = admin_client.post(f"{LIST}{task.pk}/change/", filled(task, interval=interval.pk))

    assert list(errors_of(response)) == ["__all__"]


def test_single_time_runs_once(admin_client, task):
    moment = ClockedSchedule.objects.create(clocked_time="2027-01-01T10:00:00Z")
    once = filled(task, crontab="", clocked=moment.pk)

    refused = admin_client.post(f"{LIST}{task.pk}/change/", once)
    admin_client.post(f"{LIST}{task.pk}/change/", {**once, "one_off": "on"})

    task.refresh_from_db()
    assert list(errors_of(refused)) == ["one_off"]
    assert task.clocked == moment


def test_tasks_are_switched_off_and_on(admin_client, task):
    admin_client.post(LIST, chosen("disable", task))
    task.refresh_from_db()
    assert not task.enabled

    admin_client.post(LIST, chosen("enable", task))
    task.refresh_from_db()
    assert task.enabled


def test_task_runs_now(admin_client, task, monkeypatch):
    sent = []
    monkeypatch.setattr("celery.current_app.send_task", lambda *args, **options: sent.append(args))

    admin_client.post(LIST, chosen("run_now", task))

    assert sent == [("events.tasks.cleanup_expired_events", [], {})]


def test_broker_that_is_away_is_a_message(admin_client, task, monkeypatch):
    def send_task(*args, **options):
        raise OperationalError

    monkeypatch.setattr("celery.current_app.send_task", send_task)

    response = admin_client.post(LIST, chosen("run_now", task), follow=True)

    assert "não responde" in response.text


def test_schedule_shows_its_tasks(admin_client, task):
    page = f"/admin/django_celery_beat/crontabschedule/{task.crontab_id}/change/"

    assert "limpeza" in admin_client.get(page).text


@pytest.mark.parametrize("number", [20, 100])
def test_list_needs_a_fixed_number_of_queries(
    admin_client, task, number, django_assert_num_queries
):
    PeriodicTask.objects.bulk_create(
        PeriodicTask(name=f"tarefa {number}", task=task.task, crontab=task.crontab)
        for number in range(number)
    )
    admin_client.get(LIST)

    with django_assert_num_queries(5):
        admin_client.get(f"{LIST}?all=")
