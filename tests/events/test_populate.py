import re

import pytest
from django.core.management import call_command

from events.models import Event, EventNotification, EventParticipant
from users.models import BadgeAward, Contribution, User, UserStatistics


@pytest.fixture
def populated(db, capsys):
    call_command("populate")
    return capsys.readouterr().out


def test_there_is_something_of_everything_to_see(populated):
    assert User.objects.count() == 12
    assert set(Event.objects.values_list("status", flat=True)) == set(Event.Status.values)
    assert set(EventParticipant.objects.values_list("status", flat=True)) == {
        "confirmed",
        "waitlisted",
        "no_show",
    }
    assert Event.objects.values("category").distinct().count() == 4
    assert Contribution.objects.exists()
    assert BadgeAward.objects.exists()
    assert UserStatistics.objects.filter(user__in_leaderboard=True, hours__gt=0).exists()


def test_the_demo_volunteer_can_sign_in_and_the_others_cannot(populated):
    email, password = re.search(r"Demo volunteer: (\S+) (\S+)", populated).groups()

    assert User.objects.get(email=email).check_password(password)
    assert sum(user.has_usable_password() for user in User.objects.all()) == 1


def test_loading_again_changes_nothing(populated, capsys):
    before = Event.objects.count(), EventParticipant.objects.count(), Contribution.objects.count()

    call_command("populate")

    assert "already" in capsys.readouterr().out
    assert before == (
        Event.objects.count(),
        EventParticipant.objects.count(),
        Contribution.objects.count(),
    )


def test_the_demo_keeps_the_rules_and_writes_to_nobody(populated, mailoutbox):
    call_command("recount", "--check")

    assert not mailoutbox
    assert not EventNotification.objects.exists()
