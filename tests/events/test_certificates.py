"""Certificates of participation: what the ledger says, on paper and for everybody to check."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from events import certificates, services
from events.models import Certificate, Event
from tests.factories import EventFactory, ParticipantFactory, UserFactory
from tests.together import run_together
from users import services as users

LONG = "Conceição Albuquerque de Cavalcanti e Vasconcelos "
pytestmark = pytest.mark.django_db


def attended(user, **fields):
    """The place of somebody who was at an event of three hours."""
    start = timezone.now() - timedelta(hours=5)
    event = EventFactory(**{"starts_at": start, **fields})
    place = ParticipantFactory(event=event, user=user, checked_in_at=event.starts_at)
    services.finish(event.pk)
    place.refresh_from_db()
    return place


def url(event):
    return f"/api/v1/events/{event.pk}/certificate/"


def pages(pdf):
    return pdf.count(b"/Type /Page\n")


def page_of(client, certificate, **headers):
    return client.get(f"/account/certificates/{certificate.code}/", headers=headers)


def test_who_was_there_gets_it_as_one_page(api, user):
    place = attended(user)

    response = api.get(url(place.event))

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF-")
    assert pages(response.content) == 1
    certificate = Certificate.objects.get()
    assert (certificate.participant, certificate.hours) == (place, Decimal(3))
    assert certificate.code.encode() in response.content  # the link behind the QR code


def test_for_the_same_hours_it_is_the_same(api, user):
    event = attended(user).event

    for _ in range(3):
        api.get(url(event))

    assert Certificate.objects.count() == 1


@pytest.mark.parametrize("status", ["published", "cancelled"])
def test_before_the_event_is_finished_there_is_none(api, user, status):
    event = ParticipantFactory(user=user).event
    Event.objects.update(status=status, cancel_reason="Chuva")

    response = api.get(url(event))

    assert response.status_code == 409
    assert response.json()["errors"][0]["code"] == "event_not_finished"


def test_without_counted_hours_there_is_none(api, user):
    event = EventFactory(starts_at=timezone.now() - timedelta(hours=5))
    ParticipantFactory(event=event, user=user)
    services.finish(event.pk)

    response = api.get(url(event))

    assert response.json()["errors"][0]["code"] == "no_hours"
    assert response.status_code == 409
    assert not Certificate.objects.exists()


def test_others_have_none(api, client_of, anonymous, user):
    event = attended(UserFactory()).event

    assert anonymous.get(url(event)).status_code == 401
    assert api.get(url(event)).status_code == 404
    assert client_of(event.organizer).get(url(event)).status_code == 404


def test_everybody_with_the_code_may_check_it(client, user):
    user.first_name, user.last_name = "Zé", "<b>Araújo</b>"
    user.save()
    place = attended(user, title="Plantio <i>", starts_at=datetime(2026, 5, 3, 12, tzinfo=UTC))
    certificate = services.certify(place)

    page = page_of(client, certificate)

    assert page.status_code == 200
    assert "Este certificado é válido." in page.text
    for text in ("Zé &lt;b&gt;Araújo", "Plantio &lt;i&gt;", "3 de Maio de 2026", "3 horas"):
        assert text in page.text
    assert user.email not in page.text
    assert "no-store" in page["Cache-Control"]
    assert "script-src 'none'" in page["Content-Security-Policy"]


def test_the_page_speaks_the_language_of_its_reader(client, user):
    certificate = services.certify(attended(user))

    page = page_of(client, certificate, **{"Accept-Language": "en"})

    assert "This certificate is valid." in page.text
    assert "3 hours of volunteer work" in page.text


def test_hours_that_were_reversed_end_it_and_a_new_visit_makes_another(client, user):
    place = attended(user)
    old = services.certify(place)
    services.undo_check_in(place.event, place, reason="Engano")

    with pytest.raises(services.NoHours):
        services.certify(place)
    assert "não vale mais" in page_of(client, old).text

    place = services.check_in(place.event, user, by=place.event.organizer)
    assert services.certify(place) == old
    assert "é válido" in page_of(client, old).text


def test_other_hours_make_another_certificate(client, user):
    place = attended(user)
    old = services.certify(place)
    users.record_contribution(
        user.pk,
        kind="hours",
        amount=Decimal("0.5"),
        source=f"event:{place.event.pk}:user:{user.pk}:9",
        happened_at=timezone.now(),
    )

    new = services.certify(place)

    assert new.code != old.code
    assert "3,5 horas" in page_of(client, new).text
    assert "não vale mais" in page_of(client, old).text


@pytest.mark.parametrize("code", ["nonsense", "1", "AAAAAAAAAAAAAAAAAAAAAA"])
def test_a_code_that_we_did_not_give_is_not_found(client, code):
    assert client.get(f"/account/certificates/{code}/").status_code == 404


def test_an_erased_person_has_no_certificates(client, user):
    certificate = services.certify(attended(user))

    users.erase(user)

    assert page_of(client, certificate).status_code == 404


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize("name", ["Ana", LONG + "🌱", "X" * 80])
def test_whatever_the_length_of_names_it_is_one_page(user, name, language):
    user.first_name = user.last_name = name[:80]
    user.language = language
    user.save()
    place = attended(user, title=(name * 20)[:200], city=(name * 20)[:120])
    place.event.organizer.first_name = place.event.organizer.last_name = name[:80]

    pdf = certificates.draw(services.certify(place))

    assert pages(pdf) == 1
    assert pdf.endswith(b"%%EOF\n")


def test_an_event_over_night_tells_both_days():
    event = EventFactory(
        starts_at=datetime(2026, 5, 3, 23, tzinfo=UTC),
        ends_at=datetime(2026, 5, 4, 8, tzinfo=UTC),
        city="Olinda",
    )

    assert certificates.where_and_when(event) == "Olinda · 3 de Maio de 2026 – 4 de Maio de 2026"


@pytest.mark.parametrize(
    ("hours", "words"),
    [("1", "1 hora"), ("0.25", "0,25 hora"), ("3.50", "3,5 horas"), ("10.00", "10 horas")],
)
def test_hours_are_written_as_people_do(hours, words):
    with translation.override("pt-br"):
        said = certificates.hours_in_words(Decimal(hours))

    assert said == f"{words} de trabalho voluntário"


@pytest.mark.django_db(transaction=True)
def test_asked_for_five_times_at_once_there_is_one():
    place = attended(UserFactory())

    run_together(*[lambda: services.certify(place)] * 5)

    assert Certificate.objects.count() == 1


@pytest.mark.parametrize("hours", [0, -1])
def test_the_database_holds_none_without_hours(user, hours):
    place = ParticipantFactory(user=user)

    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(participant=place, hours=hours)


def test_asking_takes_three_queries_and_the_page_two(api, client, user, django_assert_num_queries):
    event = attended(user).event
    api.get(url(event))
    certificate = Certificate.objects.get()

    with django_assert_num_queries(3):
        api.get(url(event))
    with django_assert_num_queries(2):
        page_of(client, certificate)
