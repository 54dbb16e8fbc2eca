"""What is counted every hour."""

from decimal import Decimal

import pytest
import time_machine
from django.db import IntegrityError
from django.utils import timezone

from config import tasks, totals
from config.models import Totals
from tests.factories import EventFactory, ParticipantFactory
from users.services import record_contribution

pytestmark = pytest.mark.django_db


def test_totals_are_counted(user):
    for source, hours in (("x", "2.5"), ("y", "1")):
        record_contribution(
            user.pk, kind="hours", amount=Decimal(hours), source=source, happened_at=timezone.now()
        )
    event = ParticipantFactory(event__organizer=user, user=user).event
    EventFactory(organizer=user, category=event.category, status="archived")

    tasks.count_totals()

    assert totals.latest().numbers == {
        "accounts": 1,
        "published_events": 1,
        "finished_events": 1,
        "participations": 1,
        "hours": 3.5,
    }


def test_each_count_takes_the_place_of_the_one_before():
    assert totals.latest() is None
    with time_machine.travel("2027-05-01T10:00:00Z", tick=False):
        tasks.count_totals()
    EventFactory()
    with time_machine.travel("2027-05-01T11:00:00Z", tick=False):
        tasks.count_totals()

    row = Totals.objects.get()
    assert row.numbers["published_events"] == 1
    assert row.counted_at.isoformat() == "2027-05-01T11:00:00+00:00"


def test_there_is_no_second_row():
    with pytest.raises(IntegrityError, match="totals_are_one_row"):
        Totals.objects.create(pk=2)
