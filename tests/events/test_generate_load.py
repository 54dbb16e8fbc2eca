"""What is generated to measure with keeps the rules of what people make."""

import pytest
from django.core.management import CommandError, call_command

from events.models import Event, EventParticipant
from events.services import recounting
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)
FEW = {"events": 80, "users": 50, "participations": 1600}


@pytest.mark.parametrize("clustered", [False, True])
def test_rows_are_as_the_rules_want_them(capsys, clustered):
    call_command("generate_load", **FEW, clustered=clustered)

    assert Event.objects.count() == 80
    assert User.objects.count() == 50
    assert EventParticipant.objects.count() == 1600
    assert recounting.miscounted_seats() == []
    assert set(Event.objects.values_list("status", flat=True)) == set(Event.Status.values)
    assert set(EventParticipant.objects.values_list("status", flat=True)) == set(
        EventParticipant.Status.values
    )
    for event in Event.objects.all():
        event.full_clean()
    assert "100% of 1,730 rows" in capsys.readouterr().err


def test_it_runs_twice_and_beside_what_is_there(user):
    call_command("generate_load", **FEW)
    call_command("generate_load", **FEW)

    assert Event.objects.count() == 160


def test_never_in_production(settings):
    settings.ENVIRONMENT = "production"

    with pytest.raises(CommandError):
        call_command("generate_load", **FEW)

    assert not Event.objects.exists()
