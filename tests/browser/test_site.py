import pytest

from tests.factories import UserFactory
from users import mail_tokens
from users.mail_tokens import Purpose

NEW = "uma senha bem comprida"


@pytest.fixture
def person(transactional_db):
    return UserFactory()


def link(page, purpose, person):
    return f"/account/{page}/?token={mail_tokens.make(purpose, person)}"


def test_api_documentation(screen):
    screen.page.goto(screen.address + "/docs")
    screen.page.wait_for_selector(".opblock")
    screen.look("docs")


def test_new_password(screen, person):
    screen.open(link("reset-password", Purpose.RESET_PASSWORD, person), "account-password")
    screen.page.fill("[name=new_password]", NEW)
    screen.page.click("button")
    screen.page.wait_for_selector("[role=status]")
    screen.look("account-password-done")

    person.refresh_from_db()
    assert person.check_password(NEW)


def test_confirmed_email(screen, person):
    screen.open(link("confirm-email", Purpose.CONFIRM_EMAIL, person), "account-confirm")
    screen.page.click("button")
    screen.page.wait_for_selector("[role=status]")

    person.refresh_from_db()
    assert person.email_confirmed_at


def test_code_to_sign_in(screen, person):
    screen.open(link("sign-in", Purpose.SIGN_IN, person), "account-sign-in")
