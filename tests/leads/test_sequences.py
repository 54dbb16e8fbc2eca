"""Who is enrolled: by which trigger, never of what came before; and what stops it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads.models import (
    Enrolment,
    FollowUp,
    Lead,
    LeadConsent,
    LeadIdentity,
    Sequence,
    SequenceStep,
)
from leads.services import sequences
from tests.leads.agreed import DAY, HOUR, MINUTE, NOON, planned, statuses, talk_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def test_a_new_lead_gets_each_step_once_at_its_time(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10, 60)
    make_lead(email="iara@example.org")

    later(5 * MINUTE)
    assert statuses() == [("planned", "")] * 2
    later(5 * MINUTE)
    assert statuses() == [("sent", ""), ("planned", "")]
    for _ in range(5):
        later(10 * MINUTE)

    assert [mail.to for mail in mailoutbox] == [["iara@example.org"]] * 2
    assert Enrolment.objects.get().stop_reason == "finished"


def test_whoever_came_before_gets_nothing(make_sequence, make_lead, clock, later):
    make_lead(email="iara@example.org")
    clock.shift(MINUTE)
    make_sequence(0)

    later(HOUR)

    assert not Enrolment.objects.exists()


def test_a_step_that_is_added_later_is_for_others(make_sequence, make_lead, later, mailoutbox):
    sequence = make_sequence(10)
    make_lead(email="iara@example.org")
    later(10 * MINUTE)

    sequence.steps.create(
        position=2, delay_minutes=0, channel="email", subject="Novo", text_pt_br="Oi"
    )
    make_lead(email="bia@example.org")
    later(10 * MINUTE)

    assert [(mail.to[0][:4], mail.subject) for mail in mailoutbox] == [
        ("iara", "Oi"),
        ("bia@", "Novo"),
        ("bia@", "Oi"),
    ]


def test_a_sequence_that_was_off_brings_nothing_back(make_sequence, make_lead, later, mailoutbox):
    sequence = make_sequence(10)
    make_lead(email="iara@example.org")
    later(5 * MINUTE)

    sequences.deactivate(sequence)
    sequences.activate(sequence)
    later(HOUR)

    assert statuses() == [("skipped", "staff")]
    assert not mailoutbox


def test_after_an_outage_nobody_gets_old_news(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10)
    make_lead(email="iara@example.org")
    later(5 * MINUTE)
    make_lead(email="bia@example.org")  # nobody enrolled her

    later(3 * DAY)

    assert statuses() == [("skipped", "too_late")]
    assert not mailoutbox


@pytest.mark.parametrize(
    ("trigger", "fields", "is_enrolled"),
    [
        ("created", {}, True),
        ("created", {"stage": "qualified"}, False),
        ("created", {"stage": "lost", "lost_reason": "x"}, False),
        ("qualified", {"stage": "qualified"}, True),
        ("qualified", {}, False),
        ("invited", {"stage": "invited"}, True),
        ("silent", {}, False),
        ("silent", {"last_inbound_at": NOON}, True),
        ("silent", {"last_inbound_at": NOON, "stage": "volunteer"}, False),
        ("created", {"last_inbound_at": NOON + 4 * MINUTE}, True),  # belongs to the arrival
        ("created", {"last_inbound_at": NOON + 6 * MINUTE}, False),  # wrote again
        ("created", {"opted_out_at": NOON}, False),
    ],
)
def test_a_trigger_takes_up_whom_it_is_about(
    make_sequence, make_lead, later, trigger, fields, is_enrolled
):
    make_sequence(10, trigger=trigger)
    make_lead(**fields)

    later(15 * MINUTE)

    assert Enrolment.objects.exists() == is_enrolled


def test_a_merged_lead_is_nobody(make_sequence, make_lead, later):
    make_sequence(10)
    kept = make_lead()
    make_lead(merged_into=kept)

    later(10 * MINUTE)

    assert [row.lead for row in Enrolment.objects.all()] == [kept]


@pytest.mark.parametrize("state", ["waiting", "staff"])
def test_whom_a_person_answers_is_left_to_them(make_sequence, make_lead, later, state):
    make_sequence(10)
    talk_with(make_lead(), state=state, handed_off_at=NOON)

    later(10 * MINUTE)

    assert not Enrolment.objects.exists()


def test_silence_is_one_when_the_step_comes_due(make_sequence, make_lead, later):
    make_sequence(60, trigger="silent", channel="whatsapp")
    lead = make_lead(whatsapp=True, last_inbound_at=NOON)

    later(40 * MINUTE)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())
    later(40 * MINUTE)
    assert not Enrolment.objects.exists()
    later(20 * MINUTE)

    assert statuses() == [("sent", "")]


def test_who_falls_silent_again_soon_is_left_alone(make_sequence, make_lead, later):
    make_sequence(60, trigger="silent", channel="whatsapp")
    lead = make_lead(whatsapp=True, last_inbound_at=NOON)
    later(HOUR)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now())

    later(HOUR)
    assert len(statuses()) == 1
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now() + 31 * DAY)
    later(31 * DAY + HOUR)

    assert len(statuses()) == 2


@pytest.mark.parametrize(
    ("stop", "reason"),
    [
        (sequences.person_wrote, "replied"),
        (sequences.taken_over, "taken_over"),
        (sequences.stage_changed, "stage_changed"),
        (sequences.opted_out, "opted_out"),
    ],
)
def test_what_stops_a_sequence_stops_all_its_steps(
    make_sequence, make_lead, later, mailoutbox, stop, reason
):
    make_sequence(10, 60, 120)
    lead, other = make_lead(email="iara@example.org"), make_lead(email="bia@example.org")
    later(10 * MINUTE)

    stop(lead)
    later(3 * HOUR)

    mine = lead.follow_ups.order_by("due_at").values_list("status", "reason")
    assert list(mine) == [("sent", ""), ("skipped", reason), ("skipped", reason)]
    assert lead.enrolments.get().stop_reason == reason
    assert [mail.to[0] for mail in mailoutbox].count("iara@example.org") == 1
    assert other.follow_ups.filter(status="sent").count() == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda lead: Lead.objects.update(stage="invited"), "stage_changed"),
        (lambda lead: talk_with(lead, state="staff"), "taken_over"),
        (lambda lead: Lead.objects.update(opted_out_at=timezone.now()), "opted_out"),
    ],
)
def test_what_no_hook_told_is_seen_when_its_turn_comes(
    make_sequence, make_lead, later, mailoutbox, change, reason
):
    make_sequence(10, 60)
    lead = make_lead(email="iara@example.org")
    later(5 * MINUTE)

    change(lead)
    later(5 * MINUTE)

    assert statuses() == [("skipped", reason)] * 2
    assert not mailoutbox


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        ({"email": "iara@example.org", "agreed": False}, "no_consent"),
        ({}, "no_address"),
    ],
)
def test_without_consent_and_a_proven_address_nothing_goes_out(
    make_sequence, make_lead, later, mailoutbox, make, reason
):
    make_sequence(10)
    lead = make_lead(**make)
    LeadIdentity.objects.create(lead=lead, kind="email", key="k", value="typed@example.org")

    later(10 * MINUTE)

    assert statuses() == [("skipped", reason)]
    assert not mailoutbox


def test_the_last_word_about_consent_counts(make_sequence, make_lead, later):
    make_sequence(10)
    lead = make_lead(email="iara@example.org")
    LeadConsent.objects.create(lead=lead, purpose="unasked", is_given=False, channel="staff")

    later(10 * MINUTE)

    assert statuses() == [("skipped", "no_consent")]


def test_a_text_about_the_city_needs_one(make_sequence, make_lead, later, mailoutbox):
    make_sequence(10, text_pt_br="O que há em {city}")
    make_lead(email="iara@example.org")
    make_lead(email="bia@example.org", city="Recife")
    make_lead(email="caio@example.org", city="ganhe.example")

    later(10 * MINUTE)

    assert sorted(statuses()) == [("sent", ""), *[("skipped", "no_city")] * 2]
    assert "O que há em Recife" in mailoutbox[0].body


def test_many_leads_take_few_statements(
    make_sequence, make_lead, clock, django_assert_max_num_queries
):
    make_sequence(60, 120)
    for _ in range(20):
        make_lead()
    clock.shift(10 * MINUTE)

    with django_assert_max_num_queries(8):
        sequences.enrol()

    assert FollowUp.objects.count() == 40


def test_a_sequence_without_steps_is_not_switched_on(db):
    sequence = Sequence.objects.create(name="Vazia", trigger="created")

    with pytest.raises(sequences.NoSteps):
        sequences.activate(sequence)
    with pytest.raises(sequences.NotActive):
        sequences.deactivate(sequence)


def test_it_is_switched_on_once(make_sequence):
    with pytest.raises(sequences.AlreadyActive):
        sequences.activate(make_sequence())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda row: FollowUp.objects.filter(pk=row.pk).update(step=None),
        lambda row: FollowUp.objects.filter(pk=row.pk).update(status="sent"),
        lambda row: planned(row.enrolment.sequence, row.lead),
        lambda row: SequenceStep.objects.update(channel="email", subject=""),
        lambda row: Sequence.objects.update(active_since=None),
    ],
)
def test_the_database_refuses(make_sequence, make_lead, wrong):
    row = planned(make_sequence(), make_lead())

    with pytest.raises(IntegrityError), transaction.atomic():
        wrong(row)


def test_starters_come_once_and_switched_off(db):
    starters = import_module("leads.migrations.0003_starter_sequences")
    for _ in range(2):
        starters.create_starters(apps, None)

    made = Sequence.objects.filter(name__in=starters.STARTERS)
    assert made.count() == 3
    assert not made.filter(is_active=True).exists()
    for step in SequenceStep.objects.filter(sequence__in=made):
        step.full_clean()
