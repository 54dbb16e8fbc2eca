import pytest
import time_machine

from tests.factories import PASSWORD, UserFactory
from tests.together import run_together
from tests.users.answers import errors, token_in
from users import mail_tokens, services, tasks
from users.mail_tokens import Purpose
from users.models import User

CONFIRM, CHANGE = "users/email/confirm/", "users/email/change/"
SEND = "users/email/confirm/send/"
CONFIRM_CHANGE = "users/email/change/confirm/"
NEW = "new@example.org"


@pytest.fixture
def ask(client_of, django_capture_on_commit_callbacks):
    """Ask for another address."""

    def send(user, email=NEW, password=PASSWORD):
        body = {"email": email, "current_password": password}
        with django_capture_on_commit_callbacks(execute=True):
            return client_of(user).post(f"/api/v1/{CHANGE}", body)

    return send


def test_an_address_is_confirmed_once(user, post):
    token = mail_tokens.make(Purpose.CONFIRM_EMAIL, user)

    first, again = post(CONFIRM, token=token), post(CONFIRM, token=token)

    assert first.status_code == 204
    user.refresh_from_db()
    assert user.email_confirmed_at
    assert again.status_code == 400
    assert errors(again) == [("token", "invalid_token")]


@pytest.mark.parametrize(("days", "status"), [(6.9, 204), (7.1, 400)], ids=["in time", "too late"])
def test_an_address_can_be_confirmed_within_seven_days(user, post, days, status):
    with time_machine.travel("2027-05-03T12:00Z") as traveller:
        token = mail_tokens.make(Purpose.CONFIRM_EMAIL, user)
        traveller.shift(days * 24 * 3600)

        assert post(CONFIRM, token=token).status_code == status


def test_the_mail_that_confirms_an_address_can_be_asked_for_again(
    user, api, post, mailoutbox, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        assert api.post(f"/api/v1/{SEND}").status_code == 202

    [mail] = mailoutbox
    assert mail.to == [user.email]
    assert post(CONFIRM, token=token_in(mail)).status_code == 204
    again = api.post(f"/api/v1/{SEND}")
    assert again.status_code == 409
    assert errors(again) == [(None, "email_confirmed")]


def test_mails_to_confirm_an_address_are_few(user, api, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "1/hour"}

    first, second = api.post(f"/api/v1/{SEND}"), api.post(f"/api/v1/{SEND}")

    assert (first.status_code, second.status_code) == (202, 429)
    assert int(second.headers["Retry-After"]) > 3500


@pytest.mark.parametrize(
    "forge",
    [
        lambda token, user: "",
        lambda token, user: "nonsense",
        lambda token, user: token[:-3] + "AAA",
        lambda token, user: token.replace(".", "..", 1),
        lambda token, user: mail_tokens.make(Purpose.SIGN_IN, user),
        lambda token, user: mail_tokens.make(Purpose.RESET_PASSWORD, user),
        lambda token, user: mail_tokens.make(Purpose.CONFIRM_EMAIL, User(pk=999_999)),
        lambda token, user: "\0",
        lambda token, user: None,
        lambda token, user: [token],
        lambda token, user: "a" * 10_000,
        lambda token, user: "é.é.é",
    ],
)
def test_a_foreign_token_confirms_nothing(user, post, forge):
    token = forge(mail_tokens.make(Purpose.CONFIRM_EMAIL, user), user)

    response = post(CONFIRM, token=token)

    assert response.status_code == 400
    assert {attr for attr, _ in errors(response)} == {"token"}
    user.refresh_from_db()
    assert user.email_confirmed_at is None


def test_a_token_of_a_closed_account_is_refused(user, post):
    token = mail_tokens.make(Purpose.CONFIRM_EMAIL, user)
    services.deactivate(user)

    assert post(CONFIRM, token=token).status_code == 400


def test_a_new_address_counts_once_it_is_confirmed(user, ask, post, login, mailoutbox):
    old = user.email

    response = ask(user)

    assert response.status_code == 202
    detail = "A mudança espera pelo link que enviamos ao novo endereço."
    assert response.json() == {"detail": detail}
    user.refresh_from_db()
    assert user.email == old
    to_old, to_new = mailoutbox
    assert (to_new.to, to_old.to) == ([NEW], [old])
    assert post(CONFIRM_CHANGE, token=token_in(to_new)).status_code == 204
    user.refresh_from_db()
    assert (user.email, user.pending_email) == (NEW, "")
    assert user.email_confirmed_at
    assert login(user).status_code == 200


def test_the_mail_to_the_old_address_confirms_nothing(user, ask, mailoutbox):
    ask(user)

    assert "token=" not in mailoutbox[0].body
    assert NEW in mailoutbox[0].body


@pytest.mark.parametrize("again", [False, True], ids=["once", "and asked for another one"])
def test_a_late_notice_goes_to_the_old_address(user, ask, post, monkeypatch, mailoutbox, again):
    old, late = user.email, []
    with monkeypatch.context() as slow:
        slow.setattr(tasks.send_email_change_notice, "delay", lambda *facts: late.append(facts))
        ask(user)
    post(CONFIRM_CHANGE, token=token_in(mailoutbox[0]))
    if again:
        User.objects.filter(pk=user.pk).update(pending_email="newer@example.org")
    mailoutbox.clear()

    tasks.send_email_change_notice(*late[0])

    [notice] = mailoutbox
    assert notice.to == [old]
    assert NEW in notice.body


def test_a_notice_from_before_the_deploy_is_sent(db, mailoutbox):
    user = UserFactory(pending_email=NEW)

    tasks.send_email_change_notice(user.pk)

    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_a_new_address_is_confirmed_once(user, ask, post, mailoutbox):
    ask(user)
    token = token_in(mailoutbox[1])
    post(CONFIRM_CHANGE, token=token)

    assert errors(post(CONFIRM_CHANGE, token=token)) == [("token", "invalid_token")]


def test_only_the_last_asked_address_can_be_confirmed(user, ask, post, mailoutbox):
    ask(user)
    ask(user, "newer@example.org")

    assert post(CONFIRM_CHANGE, token=token_in(mailoutbox[1])).status_code == 400
    assert post(CONFIRM_CHANGE, token=token_in(mailoutbox[3])).status_code == 204
    user.refresh_from_db()
    assert user.email == "newer@example.org"


def test_a_new_password_stops_a_change_of_address(user, ask, post, mailoutbox):
    ask(user)
    user.set_password("another good password")
    user.save()

    assert post(CONFIRM_CHANGE, token=token_in(mailoutbox[1])).status_code == 400


def test_a_change_of_address_expires_after_a_day(user, ask, post, mailoutbox):
    with time_machine.travel("2027-05-03T12:00Z") as traveller:
        ask(user)
        traveller.shift(25 * 3600)

        assert post(CONFIRM_CHANGE, token=token_in(mailoutbox[1])).status_code == 400


def test_links_to_the_old_address_die_with_it(user, ask, post, mailoutbox):
    reset = mail_tokens.make(Purpose.RESET_PASSWORD, user)
    ask(user)

    post(CONFIRM_CHANGE, token=token_in(mailoutbox[1]))

    body = {"token": reset, "new_password": "another good password"}
    assert post("users/password/reset/", **body).status_code == 400


def test_asking_needs_the_password(user, ask, mailoutbox):
    response = ask(user, password="a wrong guess")

    assert errors(response) == [("current_password", "wrong_password")]
    assert mailoutbox == []


@pytest.mark.parametrize("email", ["taken@example.org", "Taken@Example.org"])
def test_a_taken_address_is_refused(user, ask, mailoutbox, email):
    UserFactory(email="taken@example.org")

    assert errors(ask(user, email)) == [("email", "unique")]
    assert mailoutbox == []


def test_an_address_that_was_taken_meanwhile_is_refused(user, ask, post, mailoutbox):
    ask(user)
    UserFactory(email=NEW)

    response = post(CONFIRM_CHANGE, token=token_in(mailoutbox[1]))

    assert response.status_code == 400
    assert errors(response) == [("token", "unique")]
    user.refresh_from_db()
    assert user.pending_email == NEW


def test_a_mailbox_gets_few_mails_about_a_change_and_the_answer_stays_the_same(
    user, ask, mailoutbox
):
    answers = [ask(user) for _ in range(6)]

    assert {answer.status_code for answer in answers} == {202}
    assert [mail.to for mail in mailoutbox].count([NEW]) == 5


def test_asking_needs_a_token(db, post):
    assert post(CHANGE, email=NEW, current_password=PASSWORD).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_a_link_one_counts():
    token = mail_tokens.make(Purpose.CONFIRM_EMAIL, UserFactory())
    outcomes = []

    def race():
        try:
            outcomes.append(services.confirm_email(token))
        except mail_tokens.ValidationError as error:
            outcomes.append(error)

    run_together(*[race] * 5)

    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_a_link_to_a_new_address_one_counts():
    token = mail_tokens.make(Purpose.CHANGE_EMAIL, UserFactory(pending_email=NEW))
    outcomes = []

    def race():
        try:
            outcomes.append(services.confirm_email_change(token))
        except mail_tokens.ValidationError as error:
            outcomes.append(error)

    run_together(*[race] * 5)

    assert sum(isinstance(outcome, User) for outcome in outcomes) == 1
