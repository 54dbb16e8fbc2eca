from contextlib import suppress

import pytest
import time_machine
from celery import current_app
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from config.patience import MAX_ATTEMPTS, PATIENCE
from tests.factories import PASSWORD, UserFactory
from tests.together import run_together
from tests.users.answers import errors, token_in
from users import mail_tokens, services, tasks
from users.mail_tokens import Purpose
from users.models import User

FORGOT, RESET = "users/password/forgot/", "users/password/reset/"
CHANGE = "/api/v1/users/password/change/"
NEW = "another good password"


@pytest.fixture
def forget(post, django_capture_on_commit_callbacks):
    def send(email):
        with django_capture_on_commit_callbacks(execute=True):
            return post(FORGOT, email=email)

    return send


@pytest.fixture
def change(sign_in, bearer, django_capture_on_commit_callbacks):
    def send(user, **body):
        body = {"current_password": PASSWORD, "new_password": NEW} | body
        with django_capture_on_commit_callbacks(execute=True):
            return bearer(sign_in(user)).post(CHANGE, body)

    return send


def test_a_forgotten_password_is_replaced_by_mail(user, forget, post, login, mailoutbox):
    assert forget(user.email.upper()).status_code == 202

    token = token_in(mailoutbox[0])
    response = post(RESET, token=token, new_password=NEW)

    assert response.status_code == 204
    assert login(user, NEW).status_code == 200
    assert login(user, PASSWORD).status_code == 401


def test_known_and_unknown_addresses_get_the_same_answer(user, forget, mailoutbox):
    known, unknown = forget(user.email), forget("nobody@example.org")

    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_known_and_unknown_addresses_cost_the_same_work(
    user, post, monkeypatch, django_assert_num_queries, django_capture_on_commit_callbacks
):
    sent = []
    monkeypatch.setattr(tasks.send_password_reset, "delay", lambda *given: sent.append(given))

    for email in (user.email, "nobody@example.org"):
        with django_assert_num_queries(1), django_capture_on_commit_callbacks(execute=True):
            post(FORGOT, email=email)

    assert sent == [(user.pk,), (0,)]


def test_a_closed_account_gets_no_mail(user, forget, mailoutbox):
    services.deactivate(user)

    assert forget(user.email).status_code == 202
    assert mailoutbox == []


def test_one_mailbox_gets_five_mails_an_hour_and_the_answer_stays_the_same(
    user, forget, mailoutbox
):
    answers = [forget(user.email) for _ in range(7)]

    assert {answer.status_code for answer in answers} == {202}
    assert len(mailoutbox) == 5


def test_one_address_may_ask_for_twenty_mails_an_hour(db, forget):
    answers = [forget(f"person{number}@example.org") for number in range(21)]

    assert [answer.status_code for answer in answers] == [202] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_resetting_ends_all_sessions_and_says_so(
    user, post, sign_in, bearer, mailoutbox, django_capture_on_commit_callbacks
):
    pair = sign_in(user)
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)

    with django_capture_on_commit_callbacks(execute=True):
        post(RESET, token=token, new_password=NEW)

    assert bearer(pair).get("/api/v1/users/profile/").status_code == 401
    assert post("token/refresh/", refresh=pair.refresh).status_code == 401
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_resetting_confirms_the_address(user, post):
    post(RESET, token=mail_tokens.make(Purpose.RESET_PASSWORD, user), new_password=NEW)

    user.refresh_from_db()
    assert user.email_confirmed_at


def test_a_link_resets_once(user, post, login):
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)
    post(RESET, token=token, new_password=NEW)

    again = post(RESET, token=token, new_password="yet another password")

    assert errors(again) == [("token", "invalid_token")]
    assert login(user, NEW).status_code == 200


def test_a_link_resets_within_an_hour(user, post):
    with time_machine.travel("2027-05-03T12:00Z") as traveller:
        token = mail_tokens.make(Purpose.RESET_PASSWORD, user)
        traveller.shift(61 * 60)

        assert post(RESET, token=token, new_password=NEW).status_code == 400


def test_a_changed_password_ends_a_link(user, post, change):
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)
    change(user)

    assert post(RESET, token=token, new_password="yet another one").status_code == 400


@pytest.mark.parametrize("password", ["short", "password123", "1903847562018", "a\0bcdefghij"])
def test_a_bad_new_password_is_refused_and_the_link_still_works(user, post, password):
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)

    refused = post(RESET, token=token, new_password=password)

    assert refused.status_code == 400
    assert {attr for attr, _ in errors(refused)} == {"new_password"}
    assert post(RESET, token=token, new_password=NEW).status_code == 204


def test_a_new_password_must_not_be_like_the_address(user, post):
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)

    response = post(RESET, token=token, new_password=user.email)

    assert errors(response) == [("new_password", "password_too_similar")]


def test_changing_keeps_this_device_signed_in_and_ends_the_others(
    user, sign_in, bearer, post, change, client, mailoutbox
):
    other = sign_in(user)

    response = change(user)

    assert response.status_code == 200
    headers = {"Authorization": f"Bearer {response.json()['access']}"}
    assert client.get("/api/v1/users/profile/", headers=headers).status_code == 200
    assert post("token/refresh/", refresh=response.json()["refresh"]).status_code == 200
    assert bearer(other).get("/api/v1/users/profile/").status_code == 401
    assert post("token/refresh/", refresh=other.refresh).status_code == 401
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_changing_needs_the_current_password(user, change, login):
    response = change(user, current_password="a wrong guess")

    assert errors(response) == [("current_password", "wrong_password")]
    assert login(user).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"new_password": "short"}, "new_password"),
        ({"new_password": None}, "new_password"),
        ({"current_password": None}, "current_password"),
        ({"current_password": ["a"]}, "current_password"),
    ],
)
def test_bad_input_changes_nothing(user, change, login, body, field):
    response = change(user, **body)

    assert response.status_code == 400
    assert {attr for attr, _ in errors(response)} == {field}
    assert login(user).status_code == 200


def test_changing_needs_a_token(db, anonymous):
    assert anonymous.post(CHANGE, {}).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_changes_one_is_made():
    user = UserFactory()
    outcomes = []

    def race(new_password):
        try:
            here = services.Device("192.0.2.1", "")
            given = {"current_password": PASSWORD, "new_password": new_password}
            services.change_password(user, **given, device=here)
            outcomes.append(new_password)
        except mail_tokens.ValidationError:
            pass

    run_together(*[lambda number=number: race(f"good password {number}") for number in range(4)])

    user.refresh_from_db()
    assert len(outcomes) == 1
    assert user.check_password(outcomes[0])


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_a_link_one_resets():
    user = UserFactory()
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)
    outcomes = []

    def race(new_password):
        with suppress(mail_tokens.ValidationError):
            services.reset_password(token, new_password, services.Device("192.0.2.1", ""))
            outcomes.append(new_password)

    run_together(*[lambda number=number: race(f"good password {number}") for number in range(5)])

    user.refresh_from_db()
    assert len(outcomes) == 1
    assert user.check_password(outcomes[0])


def test_a_mail_server_that_is_away_is_asked_again(user, monkeypatch):
    tries = []

    def flaky(user):
        tries.append(user)
        if len(tries) < 3:
            raise ConnectionRefusedError

    monkeypatch.setattr("users.emails.password_reset", flaky)
    monkeypatch.setitem(current_app.conf, "task_eager_propagates", False)

    tasks.send_password_reset.delay(user.pk)

    assert len(tries) == 3


def away(*args):
    raise OperationalError


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_who_asks_for_a_mail_is_told_to_try_again(monkeypatch):
    monkeypatch.setattr(tasks.send_password_reset, "delay", away)

    client = APIClient(raise_request_exception=False)
    response = client.post(f"/api/v1/{FORGOT}", {"email": "ana@example.org"})

    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_password_is_changed_and_the_mail_waits(monkeypatch, post, mailoutbox):
    user = UserFactory()
    token = mail_tokens.make(Purpose.RESET_PASSWORD, user)

    with monkeypatch.context() as broken:
        broken.setattr(tasks.send_password_changed, "delay", away)
        assert post(RESET, token=token, new_password=NEW).status_code == 204
    User.objects.update(password_mail_due_at=F("password_mail_due_at") - PATIENCE[0])
    for _ in range(2):
        tasks.retry_waiting_password_mails()

    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_a_mail_about_a_new_password_that_is_on_its_way_is_not_sent_by_beat(user, post, mailoutbox):
    post(RESET, token=mail_tokens.make(Purpose.RESET_PASSWORD, user), new_password=NEW)

    tasks.retry_waiting_password_mails()

    assert mailoutbox == []


def test_a_mail_about_a_new_password_that_kills_its_worker_is_given_up(user, monkeypatch):
    def die(user):
        raise SystemExit

    monkeypatch.setattr("users.emails.password_changed", die)
    User.objects.update(password_mail_due_at=timezone.now() - PATIENCE[-1])

    for _ in range(MAX_ATTEMPTS):
        assert services.overdue_password_mails() == [user.pk]
        with pytest.raises(SystemExit):
            services.mail_password_changed(user.pk)

    assert services.overdue_password_mails() == []
    services.mail_password_changed(user.pk)


@pytest.mark.django_db(transaction=True)
def test_simultaneous_deliveries_tell_of_a_new_password_once(mailoutbox):
    user = UserFactory(password_mail_due_at=timezone.now())

    run_together(*[lambda: tasks.send_password_changed(user.pk)] * 5)

    assert len(mailoutbox) == 1


@pytest.mark.django_db(transaction=True)
def test_a_retry_with_the_same_key_sends_the_mail_that_the_broker_did_not_take(
    monkeypatch, mailoutbox
):
    user = UserFactory()
    client = APIClient(raise_request_exception=False, headers={"Idempotency-Key": "k"})

    with monkeypatch.context() as broken:
        broken.setattr(tasks.send_password_reset, "delay", away)
        failed = client.post(f"/api/v1/{FORGOT}", {"email": user.email})
    retries = [client.post(f"/api/v1/{FORGOT}", {"email": user.email}) for _ in range(2)]

    assert failed.status_code == 503
    assert [retry.status_code for retry in retries] == [202, 202]
    assert [mail.to for mail in mailoutbox] == [[user.email]]
