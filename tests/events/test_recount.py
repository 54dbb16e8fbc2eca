import pytest
from django.core.management import call_command
from django.utils import timezone

from events import services
from events.models import Event
from tests.factories import EventFactory, ParticipantFactory
from users.models import ContributionTotal


@pytest.fixture
def event(db):
    """An event with a counted seat, a waiting place, and somebody's hours."""
    event = EventFactory(starts_at=timezone.now())
    place = ParticipantFactory(event=event)
    ParticipantFactory(event=event, status="waitlisted")
    services.check_in(event, place.user, by=event.organizer)
    services.check_out(event, place.user, by=event.organizer)
    return event


def recount(capsys, *options):
    call_command("recount", *options)
    return capsys.readouterr().out


def damage():
    Event.objects.update(seats_taken=7)
    ContributionTotal.objects.update(amount=99)


def test_numbers_that_are_right_stay(event, capsys):
    assert recount(capsys) == "All numbers are right: 0 differences.\n"
    assert recount(capsys, "--check") == "All numbers are right: 0 differences.\n"


def test_what_differs_is_reported_and_mended(event, capsys):
    damage()

    report = recount(capsys)

    event.refresh_from_db()
    assert f"Event {event}: 7 seats taken, not 1.\n" in report
    assert "Ledger: 1 totals differ from their lines.\n2 differences, mended.\n" in report
    assert (event.seats_taken, ContributionTotal.objects.get().amount) == (1, 0)
    assert "0 differences" in recount(capsys)


def test_a_check_reports_and_changes_nothing(event, capsys):
    damage()

    with pytest.raises(SystemExit) as exit_:
        recount(capsys, "--check")

    event.refresh_from_db()
    assert exit_.value.code == 1
    assert capsys.readouterr().out.endswith("2 differences.\n")
    assert (event.seats_taken, ContributionTotal.objects.get().amount) == (7, 99)
