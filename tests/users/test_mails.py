import pytest

from tests.factories import UserFactory
from tests.users.answers import token_in
from users import emails
from users.models import Badge, BadgeAward


def export_ready(user):
    emails.export_ready(user, f"token-{user.language}")


def farewell(user):
    emails.farewell(user.language, to=user.email)


def new_badges(user):
    """Named by staff, in one language."""
    name = "Mão na massa" if user.language == "pt-br" else "Hands on"
    badge = Badge.objects.create(
        slug=user.language, name=name, description=f"{name}!", metric="events", threshold=1
    )
    emails.new_badges(user, [BadgeAward.objects.create(badge=badge, user=user)])


ALL = [
    emails.welcome,
    emails.email_confirmation,
    emails.sign_in_link,
    emails.password_reset,
    emails.password_changed,
    emails.email_change,
    emails.email_change_notice,
    emails.export_failed,
    export_ready,
    farewell,
    new_badges,
]
HOSTILE = '<script>alert("x")</script>\r\nBcc: thief@example.org\r\n\r\n🌱'


@pytest.fixture(params=ALL, ids=lambda mail: mail.__name__)
def mail(request):
    return request.param


def html(message):
    return message.alternatives[0].content


def test_a_mail_is_text_and_html(db, mail, mailoutbox):
    mail(UserFactory(pending_email="new@example.org"))

    [message] = mailoutbox
    assert message.alternatives[0].mimetype == "text/html"
    assert message.body
    assert "\n\n\n" not in message.body
    for paragraph in message.body.split("\n\n"):
        assert not paragraph.startswith("http") or f'href="{paragraph}"' in html(message)


@pytest.mark.parametrize(
    ("language", "hello", "subject"),
    [("pt-br", "Olá, Ana", "Boas-vindas ao Mutirão"), ("en", "Hello Ana", "Welcome to Mutirão")],
)
def test_a_mail_is_in_the_language_of_its_reader(db, mailoutbox, language, hello, subject):
    emails.welcome(UserFactory(language=language, first_name="Ana"))

    [message] = mailoutbox
    assert message.subject == subject
    assert hello in message.body
    assert hello in html(message)
    assert f'lang="{language}"' in html(message)


def test_all_mails_are_translated(db, mail, mailoutbox):
    for language in ("pt-br", "en"):
        mail(UserFactory(language=language, first_name="Ana", pending_email="new@example.org"))

    portuguese, english = mailoutbox
    assert portuguese.subject != english.subject
    same = set(portuguese.body.split("\n\n")) & set(english.body.split("\n\n"))
    assert same == set()


def test_a_hostile_name_changes_nothing_but_the_name(db, mail, mailoutbox):
    mail(UserFactory(first_name=HOSTILE, pending_email="new@example.org"))

    [message] = mailoutbox
    if mail is not farewell:  # which calls nobody by name any more
        assert '<script>alert("x")</script> Bcc: thief@example.org 🌱' in message.body
        assert "&lt;script&gt;" in html(message)
    assert "<script" not in html(message)
    sent = message.message()
    assert sent["Bcc"] is None
    assert sent.get_all("To") == message.to


def test_links_lead_to_the_front_end(user, settings, mailoutbox):
    settings.FRONTEND_URL = "https://app.example.org"

    emails.sign_in_link(user)

    assert "\nhttps://app.example.org/sign-in/?token=" in mailoutbox[0].body


def test_a_link_needs_no_escaping(user, mailoutbox):
    emails.sign_in_link(user)

    assert set(token_in(mailoutbox[0])) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )
