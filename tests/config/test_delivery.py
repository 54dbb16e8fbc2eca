"""Messages to workers: a broker that is away neither fails nor delays who sends them."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from celery import Celery, signals
from django.conf import settings
from django.db import transaction
from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response

from config.celery import app as celery_app
from config.nudge import BREAKER, PAUSE, Nudge

pytestmark = pytest.mark.django_db(transaction=True)


def task_at(broker_url):
    """A task of an application that is set up as ours, but for its broker."""
    app = Celery("elsewhere", task_cls="config.nudge:Nudge", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.update(broker_url=broker_url, task_always_eager=False)

    @app.task(name="nothing", shared=False)
    def nothing(number):
        pass

    return nothing


@pytest.fixture(params=["closed_port", "silent_port"])
def away(request):
    return task_at(f"redis://127.0.0.1:{request.getfixturevalue(request.param)}/0")


def test_absent_broker_costs_a_request_less_than_2_s_and_no_error(away, caplog):
    began = time.monotonic()

    with transaction.atomic():
        for number in range(100):
            away.delay_on_commit(number)

    assert time.monotonic() - began < 2
    warnings = [record for record in caplog.records if record.name == "config.nudge"]
    assert [record.message for record in warnings] == ["The broker is away; rows wait for nothing."]


def test_message_is_tried_again_after_the_pause(away, caplog):
    away.delay_on_commit(1)
    opened_at = BREAKER._store.read().opened_at
    BREAKER._store.write(opened_at=opened_at - PAUSE)
    BREAKER._store._claimed_until = 0.0

    away.delay_on_commit(2)

    assert caplog.text.count("The broker is away") == 2


@pytest.fixture
def published():
    """The headers of what is sent to the queue."""
    headers = []

    def collect(sender, **message):
        headers.append(message["headers"])

    signals.after_task_publish.connect(collect)
    yield headers
    signals.after_task_publish.disconnect(collect)


def test_rollback_sends_nothing(published):
    task = task_at("memory://")

    with transaction.atomic():
        task.delay_on_commit(1)
        transaction.set_rollback(True)

    assert published == []


def test_what_is_due_later_is_sent_after_the_commit_and_for_then(published):
    task = task_at("memory://")

    with transaction.atomic():
        task.delay_on_commit_by(60, 1)
        assert published == []

    (headers,) = published
    wait = datetime.fromisoformat(headers["eta"]) - datetime.now(UTC)
    assert timedelta(seconds=55) < wait <= timedelta(seconds=60)


def test_absent_broker_is_no_error_for_what_is_due_later(away):
    away.delay_on_commit_by(60, 1)

    assert BREAKER.report().failures == 1


@api_view(["POST"])
def sending(request):
    task_at("memory://").delay_on_commit(1)
    return Response({})


urlpatterns = [path("sending/", sending)]


@pytest.mark.urls(__name__)
def test_task_knows_the_request_and_the_person_it_came_from(api, user, published):
    response = api.post("/sending/")

    (headers,) = published
    assert headers["__django_structlog__"] == {
        "request_id": response.headers["X-Request-ID"],
        "user_id": user.pk,
    }


def test_mail_waits_behind_no_other_work():
    route = celery_app.amqp.router.route

    assert route({}, "users.tasks.send_welcome_email")["queue"].name == "mail"
    assert route({}, "events.tasks.cleanup_expired_events")["queue"].name == "default"
    assert route({}, "videos.tasks.send_for_review")["queue"].name == "video"
    assert set(celery_app.amqp.queues) == {"default", "mail", "video"}


def test_no_task_may_outlast_its_message():
    """Redis hands a message out again after the visibility timeout, unless it was acknowledged."""
    visible = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]

    late = [task for task in all_tasks() if task.acks_late]
    limits = [task.time_limit or settings.CELERY_TASK_TIME_LIMIT for task in late]
    assert max(limits) < visible
    assert settings.CELERY_TASK_SOFT_TIME_LIMIT < settings.CELERY_TASK_TIME_LIMIT


# No row waits for these mails: who asked must hear that they did not go out.
HEARD = {
    "users.tasks.send_email_confirmation",
    "users.tasks.send_email_change",
    "users.tasks.send_email_change_notice",
    "users.tasks.send_password_reset",
    "users.tasks.send_sign_in_link",
}


def test_every_task_is_a_nudge_but_those_that_no_row_waits_for():
    assert {task.name for task in all_tasks() if not isinstance(task, Nudge)} == HEARD
    assert all(task.ignore_result for task in all_tasks())


def all_tasks():
    celery_app.loader.import_default_modules()
    return [task for name, task in celery_app.tasks.items() if not name.startswith("celery.")]
