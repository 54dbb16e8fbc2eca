"""Workers, children and brokers die in the middle of tasks: nothing is lost, nothing loops."""

import os
import signal
from contextlib import closing

import pytest
import redis
from celery import Celery
from django.conf import settings
from django.db import connection, transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from config.models import DeadLetter, PeriodicRun
from tests.config.workers import Broker, Program, messages, running, started, until, worker
from tests.together import let_someone_wait

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client():
    """The broker of these tests, empty."""
    with redis.Redis.from_url(settings.CELERY_BROKER_URL) as client:
        client.flushdb()
        yield client
        client.flushdb()


def sender(broker_url):
    """Sends tasks by their names, with our settings."""
    app = Celery("elsewhere", task_cls="config.nudge:Nudge", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=broker_url, task_always_eager=False)

    def send(name, *args):
        app.send_task(f"tests.config.doomed.{name}", args)

    return send


@pytest.fixture
def send(client):
    return sender(settings.CELERY_BROKER_URL)


def effects():
    return PeriodicRun.objects.filter(name__startswith="effect ").count()


def pids(client, name):
    return [int(pid) for pid in client.lrange(name, 0, -1)]


def test_task_whose_child_is_killed_has_its_effect_once(client, send, tmp_path):
    with started(tmp_path, settings.CELERY_BROKER_URL, 2):
        send("stay", 1)
        until(lambda: pids(client, "stay"))
        for number in range(2, 10):
            send("work", number)
        until(lambda: effects() == 8)  # none waits in the worker that is busy

        os.kill(pids(client, "stay")[0], signal.SIGKILL)

        until(lambda: effects() == 9)
        until(lambda: messages(settings.CELERY_BROKER_URL) == 0)
    assert len(pids(client, "stay")) == 2
    assert not DeadLetter.objects.exists()


def test_task_whose_worker_is_killed_is_done_by_another(client, send, tmp_path):
    short = {"VISIBILITY": "2"}
    with started(tmp_path, settings.CELERY_BROKER_URL, 2, **short) as workers:
        send("stay", 1)
        until(lambda: pids(client, "stay"))
        main = os.getpgid(pids(client, "stay")[0])

        next(worker for worker in workers if worker.process.pid == main).kill()

        until(lambda: effects() == 1, within=12)  # the visibility timeout and 10 s
        until(lambda: messages(settings.CELERY_BROKER_URL) == 0)
    assert len(pids(client, "stay")) == 2


def test_poison_becomes_a_dead_letter_and_the_others_go_on(client, send, tmp_path):
    with started(tmp_path, settings.CELERY_BROKER_URL, children=2):
        send("poison")
        for number in range(20):
            send("work", number)

        until(lambda: DeadLetter.objects.exists(), within=40)
        until(lambda: effects() == 20)
        until(lambda: messages(settings.CELERY_BROKER_URL) == 0)
    letter = DeadLetter.objects.get()
    assert (letter.task, letter.reason) == ("tests.config.doomed.poison", "worker_lost")
    assert len(pids(client, "poison")) == 3


def test_what_fails_for_good_becomes_a_dead_letter(client, send, tmp_path):
    with started(tmp_path, settings.CELERY_BROKER_URL) as (worker,):
        send("fail", "+55 11 91234-5678")
        send("hang")

        until(lambda: DeadLetter.objects.count() == 2)
        until(lambda: messages(settings.CELERY_BROKER_URL) == 0)
        send("work", 1)
        until(lambda: effects() == 1)  # by a child that was forked after the time limit
        log = worker.text
    failed, hung = DeadLetter.objects.order_by("task")
    assert failed.args == ["+55 11 91234-5678"]
    assert failed.error == "OSError: no answer from ***"
    assert hung.task == "tests.config.doomed.hang"
    assert hung.error.startswith("TimeLimitExceeded: ")
    assert "91234" not in log


def test_workers_that_are_ended_lose_none_of_200_tasks(send, tmp_path):
    with running(worker(tmp_path, settings.CELERY_BROKER_URL, children=2)) as (first,):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE config_periodicrun IN EXCLUSIVE MODE")
            for number in range(200):
                send("work", number)
            let_someone_wait()
            first.end()
        first.process.wait(30)

        assert 0 < effects() < 200, "It was to be ended in the middle."
        with started(tmp_path, settings.CELERY_BROKER_URL, children=2):
            until(lambda: effects() == 200)
            until(lambda: messages(settings.CELERY_BROKER_URL) == 0)


def test_broker_that_restarts_loses_none_of_what_is_queued(tmp_path):
    broker = Broker(tmp_path)
    send = sender(broker.url)
    with closing(broker), started(tmp_path, broker.url, children=2) as (only,):
        for number in range(50):
            send("work", number)
        until(lambda: effects() > 1)
        os.kill(only.process.pid, signal.SIGSTOP)  # or it would be done before
        for number in range(50, 100):
            send("work", number)

        broker.stop()
        broker.start()

        os.kill(only.process.pid, signal.SIGCONT)
        until(lambda: effects() == 100)
        until(lambda: messages(broker.url) == 0)


def test_worker_gives_signs_of_life_only_while_it_has_its_broker(tmp_path):
    broker = Broker(tmp_path)
    with closing(broker), started(tmp_path, broker.url) as (only,):
        broker.stop()
        until(only.is_silent)

        broker.start()

        until(only.sign.exists)


def test_two_beats_send_each_slot_once(client, tmp_path):
    PeriodicTask.objects.all().delete()
    second = IntervalSchedule.objects.create(every=1, period="seconds")
    PeriodicTask.objects.create(name="second", task="tests.config.doomed.work", interval=second)
    beats = [Program(tmp_path, settings.CELERY_BROKER_URL, "beat", "--pidfile=") for _ in range(2)]

    with running(*beats):
        # A message is sent before its slot is committed, so they are equal in between.
        until(lambda: client.llen("default") == PeriodicRun.objects.count() >= 4)
