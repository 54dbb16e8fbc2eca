"""Whatever day it is, the demo of the month before has something to tell."""

import pytest
from django.core.management import call_command
from PIL import Image

from events.management import landscapes
from events.models import ImpactReport


@pytest.mark.parametrize("day", ["2027-03-01", "2027-02-28", "2026-10-31", "2028-01-15"])
def test_last_month_is_worth_telling_on_any_day(db, capsys, monkeypatch, time_machine, day):
    small = Image.new("RGB", (60, 40))  # its pictures are looked at elsewhere
    monkeypatch.setattr(landscapes, "draw", lambda seed, stage: small)
    time_machine.move_to(f"{day}T15:00:00Z")

    call_command("populate")

    assert ImpactReport.objects.get().figures["events"] >= 4
