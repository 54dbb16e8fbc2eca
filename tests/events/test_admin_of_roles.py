"""Each role sees on the pages of events what it decides about, and decides only what it may."""

from decimal import Decimal

import pytest

from events import services
from events.impact import monthly
from events.models import ImpactReport
from tests.factories import CommentFactory, PastEventFactory, PhotoFactory, UserFactory
from users import roles

pytestmark = pytest.mark.django_db
WHO_LOOKS = ["administrator", "moderator", "organizer-support", "read-only"]
WHO_DECIDES = {"administrator", "moderator"}


@pytest.fixture
def report():
    event = PastEventFactory()
    figures = {"waste": Decimal("20.5"), "seedlings": Decimal(0)}
    services.save_report(event, by=event.organizer, figures=figures)
    return services.submit_report(event, by=event.organizer)


def test_the_roles_are_these():
    assert list(roles.ROLES) == WHO_LOOKS


@pytest.mark.parametrize("role", WHO_LOOKS)
def test_whoever_reads_a_report_sees_its_figures(client_in, role, report):
    page = client_in(role).get(f"/admin/events/eventreport/{report.pk}/change/").text

    assert "20,50" in page


@pytest.mark.parametrize("role", WHO_LOOKS)
def test_whoever_sees_a_photo_sees_the_objections(client_in, role):
    photo = PhotoFactory()
    services.flag_photo(photo, UserFactory(), reason="other", note="Estou de costas.")

    page = client_in(role).get(f"/admin/events/eventphoto/{photo.pk}/change/").text

    assert "Estou de costas." in page


@pytest.mark.parametrize("role", WHO_LOOKS)
def test_whoever_sees_a_comment_sees_the_flags(client_in, role):
    comment = CommentFactory()
    services.flag(comment, UserFactory(), reason="É propaganda.")

    page = client_in(role).get(f"/admin/events/eventcomment/{comment.pk}/change/").text

    assert "É propaganda." in page


@pytest.mark.parametrize("role", WHO_LOOKS)
def test_only_who_decides_approves_a_report(client_in, role, report):
    page = f"/admin/events/eventreport/{report.pk}/approve/"

    client_in(role).post(page, {"confirmed": "yes"})

    report.refresh_from_db()
    assert report.status == ("approved" if role in WHO_DECIDES else "submitted")


@pytest.mark.parametrize("role", ["administrator", "read-only"])
def test_only_administrators_add_a_month_up_again(client_in, role, report):
    month = report.event.starts_at.date().replace(day=1)
    told = ImpactReport.objects.create(month=month, figures=monthly.of(month))
    services.approve_report(report, by=UserFactory())

    page = f"/admin/events/impactreport/{told.pk}/remake/"
    client_in(role).post(page, {"confirmed": "yes"})

    told.refresh_from_db()
    assert told.figures["figures"].get("waste") == (20.5 if role == "administrator" else None)
