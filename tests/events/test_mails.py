from datetime import UTC, datetime

import pytest

from events import emails
from events.models import EventNotification
from tests.factories import EventFactory, UserFactory

STARTS_AT = datetime(2031, 5, 3, 12, tzinfo=UTC)


def written(kind, mailoutbox, *, user=None, reason="", **fields):
    """The mail of that kind about an event that starts at nine in São Paulo."""
    event = EventFactory(**{"starts_at": STARTS_AT, "title": "Mutirão na praia", **fields})
    user = user or UserFactory(first_name="Ana")
    emails.send(EventNotification(event=event, user=user, kind=kind, reason=reason))
    [mail] = mailoutbox
    return mail


@pytest.mark.parametrize("kind", EventNotification.Kind.values)
@pytest.mark.parametrize(("language", "greeting"), [("pt-br", "Olá, Ana!"), ("en", "Hello Ana,")])
def test_each_mail_is_written_in_the_language_of_its_reader(
    db, mailoutbox, kind, language, greeting
):
    user = UserFactory(first_name="Ana", language=language)

    mail = written(kind, mailoutbox, user=user)

    [(html, content_type)] = mail.alternatives
    assert mail.to == [user.email]
    assert mail.subject.endswith(": Mutirão na praia")
    assert mail.body.startswith(greeting)
    assert content_type == "text/html"
    assert greeting in html
    assert f'<html lang="{language}">' in html


def test_no_word_of_a_portuguese_mail_is_english(db, mailoutbox):
    for kind in EventNotification.Kind.values:
        mail = written(kind, mailoutbox)
        assert not {"the", "you", "event", "and"} & set(mail.body.lower().split()), mail.body
        mailoutbox.clear()


def test_a_mail_tells_the_time_at_the_venue(db, mailoutbox):
    mail = written("joined", mailoutbox, time_zone="America/Manaus")

    assert "Sábado, 3 de Maio de 2031, 08:00–11:00 (America/Manaus)\n" in mail.body


def test_an_event_of_several_days_tells_both(db, mailoutbox):
    mail = written("joined", mailoutbox, ends_at=datetime(2031, 5, 4, 20, tzinfo=UTC))

    assert "3 de Maio de 2031, 09:00–" in mail.body
    assert "4 de Maio de 2031, 17:00" in mail.body


def test_a_mail_leads_to_the_event_and_to_the_calendar(db, mailoutbox, settings):
    settings.FRONTEND_URL = "https://mutirao.example.org"

    mail = written("joined", mailoutbox)

    event = EventNotification._meta.get_field("event").related_model.objects.get()
    assert f"https://mutirao.example.org/events/{event.pk}\n" in mail.body
    assert f"/api/v1/events/{event.pk}/calendar.ics" in mail.body


def test_without_a_front_end_a_mail_leads_to_the_api(db, mailoutbox, settings):
    mail = written("joined", mailoutbox)

    assert f"{settings.SITE_URL}/api/v1/events/" in mail.body


def test_a_cancellation_tells_its_reason(db, mailoutbox):
    mail = written("cancelled", mailoutbox, cancel_reason="Previsão de tempestade")

    assert "Motivo: Previsão de tempestade" in mail.body


def test_what_people_write_is_never_html(db, mailoutbox):
    script = "<script>alert(1)</script>"
    user = UserFactory(first_name=script)

    mail = written("removed", mailoutbox, user=user, title=script, address=script, reason=script)

    html = mail.alternatives[0][0]
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 4
    assert script in mail.body


def test_a_title_cannot_start_another_header(db, mailoutbox):
    mail = written("joined", mailoutbox, title="Praia\nBcc: todos@example.org")

    assert mail.subject.endswith("Praia Bcc: todos@example.org")
    assert mail.recipients() == mail.to
