"""What tests of leads share."""

import pytest
import time_machine

from leads import tasks
from leads.models import LeadConsent, Sequence
from leads.services import sequences
from tests.leads.agreed import MINUTE, NOON, lead_who_agreed


@pytest.fixture
def make_lead(db):
    return lead_who_agreed


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def make_sequence(db):
    """Make an active sequence with a step for each number of minutes."""

    def make(*delays, trigger="created", channel="email", active=True, **fields):
        sequence = Sequence.objects.create(
            name=f"Sequência {Sequence.objects.count()}", trigger=trigger
        )
        for position, minutes in enumerate(delays or (10,), start=1):
            words = {"subject": "Oi", "text_pt_br": "Oi {name}!", **fields}
            sequence.steps.create(
                position=position, delay_minutes=minutes, channel=channel, **words
            )
        if active:
            sequences.activate(sequence)
        return sequence

    return make


@pytest.fixture
def later(clock):
    """Let time pass, then the minute's task run with all that it starts."""

    def run(delta=MINUTE):
        clock.shift(delta)
        tasks.follow_ups.begin_follow_ups()

    return run


@pytest.fixture
def sequence(db):
    sequence = Sequence.objects.create(name="Boas-vindas", trigger="created")
    for position, minutes in ((1, 60), (2, 12 * 60)):
        sequence.steps.create(
            position=position,
            delay_minutes=minutes,
            channel="email",
            subject=f"Passo {position}",
            text_pt_br="Oi {name}!",
        )
    return sequence


@pytest.fixture
def everybody(make_lead):
    """One who gets it, and one for each reason not to."""
    kept = make_lead(email="iara@example.org", whatsapp=True)
    make_lead(email="a@example.org", opted_out_at=NOON)
    make_lead(email="b@example.org", agreed=False)
    undone = make_lead(email="c@example.org")
    LeadConsent.objects.create(lead=undone, purpose="unasked", is_given=False, channel="staff")
    make_lead()
    make_lead(email="d@example.org", merged_into=kept)
    return kept
