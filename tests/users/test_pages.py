import re

import pytest
from django.test import Client

from tests.factories import PASSWORD
from users import emails, mail_tokens
from users.mail_tokens import Purpose

NEW = "another good password"
PAGES = {
    Purpose.CONFIRM_EMAIL: "/account/confirm-email/",
    Purpose.CHANGE_EMAIL: "/account/change-email/",
    Purpose.RESET_PASSWORD: "/account/reset-password/",
}


@pytest.fixture
def visitor():
    """A browser without a session that is checked like a real one."""
    return Client(enforce_csrf_checks=True)


def press(visitor, path, token, **fields):
    """Open a link and press its button."""
    page = visitor.get(path, {"token": token})
    csrf = re.search(r'name="csrfmiddlewaretoken" value="(.+?)"', page.content.decode())[1]
    assert f'value="{token}"' in page.content.decode()
    return visitor.post(path, fields | {"token": token, "csrfmiddlewaretoken": csrf})


@pytest.fixture
def token(user):
    user.pending_email = "new@example.org"
    user.save()

    return lambda purpose: mail_tokens.make(purpose, user)


@pytest.mark.parametrize(("purpose", "path"), PAGES.items())
def test_the_button_uses_the_link(user, token, visitor, purpose, path):
    answer = press(visitor, path, token(purpose), new_password=NEW)

    assert answer.status_code == 200
    assert 'role="status"' in answer.content.decode()
    user.refresh_from_db()
    assert user.email_confirmed_at
    assert (user.email == "new@example.org") == (purpose == Purpose.CHANGE_EMAIL)
    assert user.check_password(NEW if purpose == Purpose.RESET_PASSWORD else PASSWORD)


@pytest.mark.parametrize(("purpose", "path"), PAGES.items())
def test_opening_the_link_any_number_of_times_changes_nothing(user, token, visitor, purpose, path):
    for _ in range(3):
        assert visitor.get(path, {"token": token(purpose)}).status_code == 200
        visitor.head(path, {"token": token(purpose)})

    user.refresh_from_db()
    assert user.email_confirmed_at is None


@pytest.mark.parametrize(("purpose", "path"), PAGES.items())
def test_a_post_from_elsewhere_is_refused(user, token, visitor, purpose, path):
    answer = visitor.post(path, {"token": token(purpose), "new_password": NEW})

    assert answer.status_code == 403
    user.refresh_from_db()
    assert user.email_confirmed_at is None


@pytest.mark.parametrize("path", PAGES.values())
@pytest.mark.parametrize(
    "token", ["", "nonsense", "a\0b", "a" * 5000, '"><script>alert(1)</script>']
)
def test_a_bad_link_says_so(db, path, token):
    answer = Client().post(path, {"token": token, "new_password": NEW})

    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()
    assert "<script" not in answer.content.decode()


def test_a_bad_password_can_be_corrected(user, token, visitor):
    link = token(Purpose.RESET_PASSWORD)

    refused = press(visitor, PAGES[Purpose.RESET_PASSWORD], link, new_password="short")

    assert refused.status_code == 400
    assert 'role="alert"' in refused.content.decode()
    assert "short" not in re.sub(r"<[^i].*?>", "", refused.content.decode())
    done = press(visitor, PAGES[Purpose.RESET_PASSWORD], link, new_password=NEW)
    assert done.status_code == 200


def test_the_sign_in_page_shows_the_code_and_uses_it_not(user, post, visitor):
    link = mail_tokens.make(Purpose.SIGN_IN, user)

    page = visitor.get("/account/sign-in/", {"token": link})

    assert link in page.content.decode()
    assert visitor.post("/account/sign-in/", {"token": link}).status_code in (403, 405)
    assert post("token/magic/verify/", token=link).status_code == 200


@pytest.mark.parametrize("page", [*PAGES.values(), "/account/sign-in/"])
def test_a_page_keeps_to_itself(db, client, page):
    answer = client.get(page, {"token": '"><script>alert(1)</script>'})

    assert "<script" not in answer.content.decode()
    assert "script-src 'none'" in answer["Content-Security-Policy"]
    assert answer["Referrer-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("accepts", "language", "title"),
    [("pt-BR", "pt-br", "Confirme seu e-mail"), ("en", "en", "Confirm your e-mail")],
)
def test_a_page_speaks_the_language_of_its_reader(db, client, accepts, language, title):
    page = client.get(PAGES[Purpose.CONFIRM_EMAIL], headers={"Accept-Language": accepts})

    assert f'lang="{language}"' in page.content.decode()
    assert title in page.content.decode()


@pytest.mark.parametrize("purpose", Purpose)
def test_links_of_mails_lead_to_pages(user, client, settings, purpose):
    link = emails._link(purpose, user)

    assert link.startswith(settings.SITE_URL)
    assert client.get(link.removeprefix(settings.SITE_URL)).status_code == 200
