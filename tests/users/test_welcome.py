from datetime import timedelta

import pytest
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.patience import MAX_ATTEMPTS
from tests.factories import PASSWORD, UserFactory
from tests.together import run_together
from users import services, tasks
from users.models import User


def registered(**ago):
    """Someone who signed up so long ago and got no welcome."""
    return UserFactory(registered_at=timezone.now() - timedelta(**ago))


def test_everyone_is_welcomed_once(user, mailoutbox):
    tasks.send_welcome_email(user.pk)
    tasks.send_welcome_email(user.pk)

    user.refresh_from_db()
    assert user.welcomed_at
    assert [mail.to for mail in mailoutbox] == [[user.email]]


@pytest.mark.django_db(transaction=True)
def test_simultaneous_deliveries_of_the_task_send_one_mail(mailoutbox):
    user = UserFactory()

    run_together(*[lambda: tasks.send_welcome_email(user.pk)] * 8)

    assert len(mailoutbox) == 1


def test_a_mail_that_fails_leaves_the_welcome_to_be_sent(user, monkeypatch):
    def away(user):
        raise ConnectionRefusedError

    monkeypatch.setattr("users.emails.welcome", away)

    with pytest.raises(ConnectionRefusedError):
        services.welcome(user.pk)

    user.refresh_from_db()
    assert user.welcomed_at is None


def test_a_welcome_that_kills_its_worker_is_given_up(monkeypatch, db):
    user = registered(days=1)

    def die(user):
        raise SystemExit

    monkeypatch.setattr("users.emails.welcome", die)

    for _ in range(MAX_ATTEMPTS):
        assert services.overdue_welcomes() == [user.pk]
        with pytest.raises(SystemExit):
            services.welcome(user.pk)

    assert services.overdue_welcomes() == []
    services.welcome(user.pk)


def test_nobody_is_welcomed_who_is_gone_or_closed(user, mailoutbox):
    services.deactivate(user)

    tasks.send_welcome_email(user.pk)
    tasks.send_welcome_email(0)

    assert mailoutbox == []


def test_beat_sends_the_welcomes_that_were_lost(db, mailoutbox):
    lost = registered(minutes=6)
    registered(seconds=30)  # its task may still be on its way
    UserFactory(registered_at=None)  # staff made this account

    tasks.retry_waiting_welcomes()

    assert [mail.to for mail in mailoutbox] == [[lost.email]]
    tasks.retry_waiting_welcomes()
    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_account_is_made_and_the_welcome_waits(post, monkeypatch):
    def away(*args):
        raise OperationalError

    monkeypatch.setattr(tasks.send_welcome_email, "delay", away)
    ana = {"email": "ana@example.org", "password": PASSWORD, "first_name": "Ana"}

    assert post("users/register/", **ana).status_code == 201

    assert User.objects.waiting_for_welcome().count() == 1
