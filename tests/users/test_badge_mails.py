"""One mail tells a person of all the badges that are new, once."""

import re
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.patience import MAX_ATTEMPTS
from tests.factories import UserFactory
from tests.together import let_someone_wait, run_together
from tests.users.lines import attend, give
from users import emails, services, tasks
from users.models import Badge, BadgeAward, NotificationPreference

MAY = datetime(2027, 5, 3, 15, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def badges(db):
    """One for coming, one for an hour."""
    Badge.objects.all().delete()
    fields = {"description": "Deu o primeiro passo.", "threshold": 1, "is_enabled": True}
    return [
        Badge.objects.create(slug=metric, name=f"Medalha {metric}", metric=metric, **fields)
        for metric in ("events", "hours")
    ]


@pytest.fixture
def commits(django_capture_on_commit_callbacks):
    return lambda: django_capture_on_commit_callbacks(execute=True)


def earned(user, **ago):
    """Both badges, of which the person was not told yet."""
    attend(user, MAY)
    services.evaluate_badges([user.pk])
    awards = BadgeAward.objects.filter(user=user)
    awards.update(awarded_at=timezone.now() - timedelta(**ago))
    return awards


def is_told(awards):
    return [award.told_at is not None for award in awards.all()]


@pytest.mark.parametrize(
    ("language", "subject", "greeting"),
    [
        ("pt-br", "Você ganhou 2 medalhas", "Você ganhou novas medalhas:"),
        ("en", "You earned 2 badges", "You earned new badges:"),
    ],
)
def test_who_earns_badges_gets_one_mail_of_all(commits, mailoutbox, language, subject, greeting):
    user = UserFactory(language=language)

    with commits():
        attend(user, MAY)

    [mail] = mailoutbox
    assert (mail.to, mail.subject) == ([user.email], subject)
    assert greeting in mail.body
    page = mail.alternatives[0].content
    for award in user.badge_awards.select_related("badge"):
        assert award.badge.name in mail.body
        assert award.page_url in mail.body
        assert f'href="{award.page_url}"' in page
    assert is_told(user.badge_awards) == [True, True]


def test_one_badge_is_named_as_one(commits, user, mailoutbox, badges):
    services.disable_badge(badges[1])

    with commits():
        attend(user, MAY)

    assert mailoutbox[0].subject == "Você ganhou uma medalha"


def test_the_mail_says_how_it_is_switched_off(commits, user, mailoutbox):
    with commits():
        attend(user, MAY)

    [mail] = mailoutbox
    address = mail.extra_headers["List-Unsubscribe"].strip("<>")
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail.body.endswith(f" {address}")
    assert f'href="{address}"' in mail.alternatives[0].content
    assert Client().post(address.removeprefix(settings.SITE_URL)).status_code == 200
    assert not services.wants(user, NotificationPreference.Kind.BADGES)


def test_who_switched_it_off_is_told_neither_now_nor_later(user, mailoutbox):
    services.change_wishes(user, {"badges": {"email": False}})
    awards = earned(user, minutes=2)

    tasks.retry_waiting_badge_mails()
    services.change_wishes(user, {"badges": {"email": True}})
    tasks.retry_waiting_badge_mails()

    assert mailoutbox == []
    assert is_told(awards) == [True, True]


def test_a_closed_account_is_not_written_to(user, mailoutbox):
    earned(user, minutes=2)
    services.deactivate(user)

    tasks.retry_waiting_badge_mails()

    assert mailoutbox == []
    assert services.overdue_badge_mails() == []


def test_what_was_revoked_meanwhile_is_not_told(user, mailoutbox, badges):
    awards = earned(user, minutes=2)
    awards.filter(badge=badges[0]).update(revoked_at=timezone.now(), reason="correction")

    tasks.send_badge_mail(user.pk)

    [mail] = mailoutbox
    assert badges[0].name not in mail.body
    assert badges[1].name in mail.body


def test_the_next_mail_tells_only_of_what_is_new(user, mailoutbox, badges):
    earned(user)
    tasks.send_badge_mail(user.pk)
    Badge.objects.create(
        slug="x", name="Outra", description="x", metric="hours", threshold=2, is_enabled=True
    )
    services.evaluate_badges()

    tasks.send_badge_mail(user.pk)

    assert len(mailoutbox) == 2
    assert "Outra" in mailoutbox[1].body
    assert badges[0].name not in mailoutbox[1].body


def test_demo_data_is_told_to_nobody(commits, user, mailoutbox):
    attend(user, MAY)

    with commits():
        services.evaluate_badges(tells=False)
    tasks.retry_waiting_badge_mails()

    assert mailoutbox == []
    assert is_told(user.badge_awards) == [True, True]


def test_of_very_many_the_sweep_tells_the_rest(commits, monkeypatch, mailoutbox):
    monkeypatch.setattr(services.badges, "SWEEP_SIZE", 2)
    people = UserFactory.create_batch(3, password="!")
    for person in people:
        give(person, MAY)
    with commits():
        services.evaluate_badges()
    assert len(mailoutbox) == 2

    BadgeAward.objects.update(awarded_at=timezone.now() - timedelta(minutes=2))
    tasks.retry_waiting_badge_mails()

    assert {address for mail in mailoutbox for address in mail.to} == {
        person.email for person in people
    }


def test_what_was_lost_between_commit_and_queue_is_made_up_for(user, mailoutbox):
    awards = earned(user, seconds=30)
    tasks.retry_waiting_badge_mails()
    assert mailoutbox == []  # its task may still be on its way

    awards.update(awarded_at=timezone.now() - timedelta(minutes=2))
    tasks.retry_waiting_badge_mails()
    tasks.retry_waiting_badge_mails()

    assert len(mailoutbox) == 1


def test_a_mail_that_fails_leaves_all_to_be_told(user, monkeypatch):
    def away(*args):
        raise ConnectionRefusedError

    monkeypatch.setattr(emails, "new_badges", away)
    awards = earned(user)

    with pytest.raises(ConnectionRefusedError):
        services.mail_badges(user.pk)

    assert is_told(awards) == [False, False]


def test_a_mail_that_kills_its_worker_is_given_up_and_comes_with_the_next(
    user, monkeypatch, mailoutbox
):
    awards = earned(user, days=1)

    def die(*args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(emails, "new_badges", die)
        for _ in range(MAX_ATTEMPTS):
            assert services.overdue_badge_mails() == [user.pk]
            with pytest.raises(SystemExit):
                services.mail_badges(user.pk)
        assert services.overdue_badge_mails() == []
        services.mail_badges(user.pk)
    assert mailoutbox == []

    Badge.objects.create(
        slug="x", name="Outra", description="x", metric="hours", threshold=2, is_enabled=True
    )
    services.evaluate_badges()
    services.mail_badges(user.pk)
    assert len(mailoutbox) == 1
    assert is_told(awards) == [True, True, True]


def test_killed_after_the_mail_it_comes_once_more(user, monkeypatch, mailoutbox):
    """Before the commit; no database can prevent that, and twice is better than never."""
    earned(user, minutes=6)
    send = emails.new_badges

    def die(*args):
        send(*args)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(emails, "new_badges", die)
        with pytest.raises(SystemExit):
            services.mail_badges(user.pk)

    tasks.retry_waiting_badge_mails()
    tasks.retry_waiting_badge_mails()

    assert len(mailoutbox) == 2


@pytest.mark.django_db(transaction=True)
def test_simultaneous_deliveries_send_one_mail(badges, mailoutbox, monkeypatch):
    """Without the lock both would find the badges untold."""
    user, send, has_begun = UserFactory(), emails.new_badges, Event()
    for badge in badges:
        BadgeAward.objects.create(badge=badge, user=user)

    def slow(*args):
        has_begun.set()
        let_someone_wait()
        send(*args)

    def second():
        assert has_begun.wait(10)
        services.mail_badges(user.pk)

    monkeypatch.setattr(emails, "new_badges", slow)
    run_together(lambda: services.mail_badges(user.pk), second)

    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_an_evaluation_does_not_wait_for_a_mail(badges, mailoutbox, monkeypatch):
    user = UserFactory()
    BadgeAward.objects.create(badge=badges[0], user=user)
    has_begun, has_evaluated, send = Event(), Event(), emails.new_badges

    def slow(*args):
        has_begun.set()
        assert has_evaluated.wait(10)
        send(*args)

    def evaluate():
        assert has_begun.wait(10)
        services.evaluate_badges()  # which also revokes what nothing was given for
        has_evaluated.set()

    monkeypatch.setattr(emails, "new_badges", slow)
    run_together(lambda: services.mail_badges(user.pk), evaluate)

    assert len(mailoutbox) == 1
    assert BadgeAward.objects.get().revoked_at


def test_what_staff_write_is_text_in_the_mail(commits, user, mailoutbox):
    Badge.objects.update(name="Medalha <b>x</b>")
    with commits():
        attend(user, MAY)

    [mail] = mailoutbox
    assert "Medalha <b>x</b>" in mail.body
    assert not re.search("<b>", mail.alternatives[0].content)
