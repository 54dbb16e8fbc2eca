"""What was given up: staff see it without people's data, queue it again or set it aside."""

import pytest
from celery.exceptions import Ignore
from django.contrib.auth.models import Permission
from kombu.exceptions import OperationalError

from config.celery import app
from config.errors import DomainError
from config.models import DeadLetter, Redelivery

pytestmark = pytest.mark.django_db
LIST = "/admin/config/deadletter/"


@pytest.fixture
def letter():
    return DeadLetter.objects.create(
        task="users.tasks.send_welcome_email",
        task_id="1",
        args=["ana@example.org", 7],
        reason=DeadLetter.Reason.FAILED,
    )


@pytest.fixture
def sent(monkeypatch):
    """What is sent to the queue."""
    sent = []
    monkeypatch.setattr("celery.current_app.send_task", lambda *args: sent.append(args))
    return sent


def chosen(action, *letters):
    return {"action": action, "_selected_action": [letter.pk for letter in letters]}


def test_page_shows_no_address(admin_client, letter):
    for page in (LIST, f"{LIST}{letter.pk}/change/"):
        text = admin_client.get(page).text
        assert "ana@example.org" not in text
        assert "***" in text


def test_letter_is_queued_again_as_it_was_and_once(admin_client, letter, sent):
    admin_client.post(LIST, chosen("queue_again", letter))
    again = admin_client.post(LIST, chosen("queue_again", letter), follow=True)

    letter.refresh_from_db()
    assert sent == [("users.tasks.send_welcome_email", ["ana@example.org", 7], {})]
    assert letter.handled_at
    assert "já foi tratada" in again.text


def test_letter_waits_while_the_broker_is_away(admin_client, letter, monkeypatch):
    def send_task(*args):
        raise OperationalError

    monkeypatch.setattr("celery.current_app.send_task", send_task)

    response = admin_client.post(LIST, chosen("queue_again", letter), follow=True)

    letter.refresh_from_db()
    assert not letter.handled_at
    assert "nada entrou na fila" in response.text


def test_letter_is_set_aside(admin_client, letter, sent):
    admin_client.post(LIST, chosen("set_aside", letter))

    letter.refresh_from_db()
    assert letter.handled_at
    assert sent == []


def test_who_may_only_look_may_not_queue(client, staff, letter, sent):
    staff.user_permissions.add(Permission.objects.get(codename="view_deadletter"))
    client.force_login(staff)

    client.post(LIST, chosen("queue_again", letter))

    assert sent == []


@pytest.fixture
def task():
    """Make a task of the function, for this test only."""
    made = []

    def make(function):
        made.append(function.__name__)
        return app.task(function, name=function.__name__, shared=False)

    yield make
    for name in made:
        del app.tasks[name]


def test_refusal_is_no_dead_letter(task):
    def refused():
        raise DomainError(attr="event")

    task(refused).apply(throw=False)

    assert not DeadLetter.objects.exists()


def test_same_work_that_fails_again_is_one_letter(task):
    def broken(number):
        raise ValueError("broken")

    broken = task(broken)
    for number in (1, 1, 2):
        broken.apply([number], throw=False)

    assert [letter.args for letter in DeadLetter.objects.order_by("pk")] == [[1], [2]]


def test_only_what_comes_once_more_is_counted(letter):
    task = app.tasks["users.tasks.send_welcome_email"]

    for is_again in (False, True, True):
        deliver(task, is_again)
    assert Redelivery.objects.filter(task_id="2").count() == 2
    with pytest.raises(Ignore):
        deliver(task, True)
    assert DeadLetter.objects.filter(task_id="2", reason="worker_lost").exists()


def deliver(task, is_again):
    task.push_request(delivery_info={"redelivered": is_again})
    try:
        task.before_start("2", [1], {})
    finally:
        task.pop_request()
