"""A dry run says who would get what, writes nothing, and is right."""

from datetime import timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads import tasks
from leads.models import Enrolment, FollowUp
from leads.services import forecast, sequences
from tests.factories import EventFactory, UserFactory
from tests.leads.agreed import NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def page(name, sequence):
    return reverse(f"admin:leads_sequence_{name}", args=[sequence.pk])


def told(lines):
    return [(line.lead.name, line.step.position, line.due_at, line.reason) for line in lines]


def test_a_sequence_is_tried_before_it_is_switched_on(sequence, make_lead, clock):
    clock.shift(timedelta(minutes=-30))
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia")
    make_lead(name="Caio", created_at=NOON - timedelta(days=8), email="caio@example.org")
    clock.move_to(NOON)

    lines = forecast.of(sequence)

    half_past, morning = NOON + timedelta(minutes=30), NOON + timedelta(hours=21)
    assert told(lines) == [
        ("Iara", 1, half_past, ""),
        ("Iara", 2, morning, ""),
        ("Bia", 1, half_past, "no_address"),
        ("Bia", 2, morning, "no_address"),
    ]
    assert lines[0].letter.text == "Oi Iara!"
    assert not Enrolment.objects.exists()
    assert not FollowUp.objects.exists()


def test_an_active_one_shows_what_is_planned_and_looks_no_further_back(sequence, make_lead, clock):
    make_lead(name="Antes", email="a@example.org")
    clock.shift(timedelta(minutes=1))
    sequences.activate(sequence)
    sequence.refresh_from_db()
    make_lead(name="Iara", email="b@example.org")
    clock.shift(timedelta(minutes=6))
    sequences.enrol()
    make_lead(name="Bia", email="c@example.org")

    lines = forecast.of(sequence)

    assert [(line.lead.name, line.step.position) for line in lines] == [
        ("Iara", 1),
        ("Iara", 2),
        ("Bia", 1),
        ("Bia", 2),
    ]


def test_what_a_dry_run_says_happens(sequence, make_lead, clock, mailoutbox):
    sequences.activate(sequence)
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia", email="bia@example.org", opted_out_at=NOON)
    make_lead(name="Caio", email="caio@example.org", agreed=False)
    expected = {(line.lead.name, line.step.position): line for line in forecast.of(sequence)}

    for _ in range(24 * 4):
        clock.shift(timedelta(minutes=15))
        tasks.follow_ups.begin_follow_ups()

    rows = FollowUp.objects.select_related("lead", "step")
    assert {(row.lead.name, row.step.position) for row in rows} == expected.keys()
    for row in rows:
        line = expected[row.lead.name, row.step.position]
        assert row.reason == line.reason
        assert row.sent_at is None or row.sent_at == line.due_at
    assert len(mailoutbox) == 2


def test_many_are_asked_about_as_often_as_a_few(sequence, make_lead):
    sequence.steps.update(with_event=True, text_pt_br="Oi {name}! {event}")
    for city in ("Recife", "Olinda"):
        EventFactory(title=f"Em {city}", city=city)

    def ask(leads):
        for number in range(leads):
            city = ("Recife", "Olinda", "São Paulo")[number % 3]
            make_lead(email=f"{uuid4()}@example.org", whatsapp=True, city=city)
        make_lead(email=f"{uuid4()}@example.org", user=UserFactory(latitude=-8.05, longitude=-34.9))
        with CaptureQueriesContext(connection) as queries:
            lines = forecast.of(sequence)
        assert any("Em Recife" in line.letter.text for line in lines)
        return len(lines), len(queries)

    few, queries = ask(1)
    many, as_many_queries = ask(30)

    assert (few, many) == (4, 66)
    assert as_many_queries == queries


def test_the_page_shows_it(admin_client, sequence, make_lead):
    make_lead(name="Iara", email="iara@example.org")
    make_lead(name="Bia")

    text = admin_client.get(page("dry_run", sequence)).text

    assert "Oi Iara!" in text
    assert "Passo 2" in text
    assert "sem endereço comprovado" in text


def test_the_command_lists_it_without_names(sequence, make_lead):
    lead = make_lead(name="Iara", email="iara@example.org")
    output = StringIO()

    call_command("list_follow_ups", sequence="Boas-vindas", days=1, stdout=output)

    assert f"2026-11-26 13:00  lead {lead.pk}  step 1 by email  Passo 1" in output.getvalue()
    assert "Iara" not in output.getvalue()
    assert not FollowUp.objects.exists()
    with pytest.raises(CommandError):
        call_command("list_follow_ups", sequence="Outra", stdout=output)
