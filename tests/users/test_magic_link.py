import pytest
import time_machine

from tests.factories import UserFactory
from tests.together import run_together
from tests.users.answers import errors, token_in
from users import mail_tokens, services, tasks
from users.mail_tokens import Purpose
from users.tokens import Pair

ASK, USE = "token/magic/", "token/magic/verify/"
HERE = services.Device("192.0.2.1", "")


@pytest.fixture
def ask(post, django_capture_on_commit_callbacks):
    def send(email):
        with django_capture_on_commit_callbacks(execute=True):
            return post(ASK, email=email)

    return send


def test_a_link_signs_in(user, ask, post, client, mailoutbox):
    assert ask(user.email.upper()).status_code == 202

    response = post(USE, token=token_in(mailoutbox[0]))

    assert response.status_code == 200
    assert response.json().keys() == {"access", "refresh"}
    headers = {"Authorization": f"Bearer {response.json()['access']}"}
    profile = client.get("/api/v1/users/profile/", headers=headers)
    assert profile.json()["email"] == user.email


def test_a_link_signs_in_once(user, ask, post, mailoutbox):
    ask(user.email)
    post(USE, token=token_in(mailoutbox[0]))

    again = post(USE, token=token_in(mailoutbox[0]))

    assert again.status_code == 400
    assert errors(again) == [("token", "invalid_token")]


@pytest.mark.parametrize(("minutes", "status"), [(14, 200), (16, 400)], ids=["in time", "too late"])
def test_a_link_signs_in_within_fifteen_minutes(user, post, minutes, status):
    with time_machine.travel("2027-05-03T12:00Z") as traveller:
        token = mail_tokens.make(Purpose.SIGN_IN, user)
        traveller.shift(minutes * 60)

        assert post(USE, token=token).status_code == status


def test_a_link_dies_with_a_new_password(user, post):
    token = mail_tokens.make(Purpose.SIGN_IN, user)
    user.set_password("another good password")
    user.save()

    assert post(USE, token=token).status_code == 400


def test_a_closed_account_gets_no_link_and_none_works(user, ask, post, mailoutbox):
    token = mail_tokens.make(Purpose.SIGN_IN, user)
    services.deactivate(user)

    assert ask(user.email).status_code == 202
    assert mailoutbox == []
    assert post(USE, token=token).status_code == 400


def test_known_and_unknown_addresses_get_the_same_answer(user, ask, mailoutbox):
    known, unknown = ask(user.email), ask("nobody@example.org")

    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    assert [mail.to for mail in mailoutbox] == [[user.email]]


def test_one_mailbox_gets_five_mails_an_hour_and_the_answer_stays_the_same(user, ask, mailoutbox):
    answers = [ask(user.email) for _ in range(7)]

    assert {answer.status_code for answer in answers} == {202}
    assert len(mailoutbox) == 5


def test_one_address_may_ask_for_twenty_links_an_hour(db, ask):
    answers = [ask(f"person{number}@example.org") for number in range(21)]

    assert [answer.status_code for answer in answers] == [202] * 20 + [429]
    assert int(answers[-1]["Retry-After"]) > 0


def test_a_link_for_somebody_who_is_gone_is_not_sent(db, mailoutbox):
    tasks.send_sign_in_link(0)

    assert mailoutbox == []


def test_signing_in_by_link_confirms_no_address(user, post):
    """Someone else may have chosen the password of an address that was never confirmed."""
    post(USE, token=mail_tokens.make(Purpose.SIGN_IN, user))

    user.refresh_from_db()
    assert user.email_confirmed_at is None


@pytest.mark.django_db(transaction=True)
def test_of_simultaneous_uses_of_a_link_one_signs_in():
    token = mail_tokens.make(Purpose.SIGN_IN, UserFactory())
    outcomes = []

    def race():
        try:
            outcomes.append(services.sign_in_by_link(token, HERE))
        except mail_tokens.ValidationError as error:
            outcomes.append(error)

    run_together(*[race] * 5)

    assert sum(isinstance(outcome, Pair) for outcome in outcomes) == 1
