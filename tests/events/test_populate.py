import re
from io import StringIO

import pytest
from django.core import mail
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from events.models import (
    Event,
    EventComment,
    EventNotification,
    EventParticipant,
    EventPhoto,
    EventReport,
    EventResource,
    EventSeries,
    ImpactReport,
    ReportContribution,
    ResourcePledge,
)
from users.models import BadgeAward, Contribution, User, UserStatistics

# Loading takes seconds: one worker does it, once for all of these tests.
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("populate")]


@pytest.fixture(scope="module")
def populated(django_db_setup, django_db_blocker):
    """What the command said; each test takes back what it changes itself."""
    said = StringIO()
    with django_db_blocker.unblock(), transaction.atomic():
        mail.outbox = []
        call_command("populate", stdout=said)
        assert not mail.outbox
        with django_db_blocker.block():
            yield said.getvalue()
        transaction.set_rollback(True)


def test_there_is_something_of_everything_to_see(populated):
    assert User.objects.count() == 12
    assert set(Event.objects.values_list("status", flat=True)) == set(Event.Status.values)
    assert set(EventParticipant.objects.values_list("status", flat=True)) == {
        "confirmed",
        "waitlisted",
        "no_show",
    }
    assert Event.objects.values("category").distinct().count() == 4
    assert set(Contribution.objects.values_list("kind", flat=True)) > {"hours", "waste"}


def test_reports_are_approved_but_one_that_waits_and_last_month_is_told(populated):
    assert set(EventReport.objects.values_list("status", flat=True)) == {"approved", "submitted"}
    assert EventReport.objects.waiting_for_decision().count() == 1
    assert ReportContribution.objects.waiting_for_decision().exists()
    assert not EventReport.objects.unprocessed().exists()
    month = ImpactReport.objects.get()
    assert month.figures["events"] >= 3
    assert len(month.figures["categories"]) >= 2
    assert month.pdf.read().startswith(b"%PDF")


def test_people_bring_things_drive_and_talk(populated):
    published = Event.objects.published()

    assert sum(event.resources.missing().exists() for event in published) >= 3
    assert set(EventResource.objects.values_list("kind", flat=True)) == {"item", "ride"}
    assert ResourcePledge.objects.exists()
    assert EventComment.objects.filter(parent=None).exists()
    assert EventComment.objects.exclude(parent=None).exists()


def test_past_events_have_pairs_of_photos_and_some_wait_for_staff(populated):
    photos = EventPhoto.objects.filter(event__ends_at__lt=timezone.now())

    after = photos.filter(stage="after", pair_with__stage="before")
    assert after.count() == Event.objects.filter(status__in=["finished", "archived"]).count() > 3
    assert set(photos.values_list("status", flat=True)) == {"shown", "waiting", "hidden"}
    assert default_storage.exists(photos.first().thumbnail.name)


def test_a_series_and_its_waiver_are_there(populated):
    series = EventSeries.objects.get()
    first = series.events.order_by("series_slot").first()

    assert series.events.count() > 20
    missing = first.participants.with_waiver().values_list("waiver_missing", flat=True)
    assert sorted(missing) == [False, False, False, True]
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


def test_the_demo_keeps_the_rules_and_writes_to_nobody(populated):
    call_command("recount", "--check")

    assert not EventNotification.objects.exists()
    assert not BadgeAward.objects.untold().exists()
