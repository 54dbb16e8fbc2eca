"""What came of an event: written by its organizers, approved or returned by staff."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.utils import timezone

from events import report_transitions, services
from events.models import EventNotification, EventReport, ReportFigure
from tests.factories import EventFactory, PastEventFactory, PhotoFactory, UserFactory
from tests.together import run_together

pytestmark = pytest.mark.django_db
FIGURES = {"waste": 120.5, "seedlings": 40}


def url(event, command=""):
    return f"/api/v1/events/{event.pk}/report/{command}"


def error(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


@pytest.fixture
def event(user):
    return PastEventFactory(organizer=user)


def submitted(event):
    figures = {kind: Decimal(str(amount)) for kind, amount in FIGURES.items()}
    services.save_report(event, by=event.organizer, figures=figures)
    return services.submit_report(event, by=event.organizer)


def test_an_organizer_writes_and_submits_a_report(api, event):
    written = api.put(url(event), {"summary": "Tudo limpo.\nObrigado!", "figures": FIGURES})
    handed_in = api.post(url(event, "submit/"))

    assert (written.status_code, handed_in.status_code) == (200, 200)
    assert written.json()["figures"] == FIGURES
    assert written.json()["status"] == "draft"
    assert handed_in.json()["status"] == "submitted"
    report = event.report
    assert (report.submitted_by, report.summary) == (event.organizer, "Tudo limpo.\nObrigado!")
    assert list(EventReport.objects.waiting_for_decision()) == [report]


def test_what_is_not_said_stays_and_figures_are_replaced_together(api, event):
    api.put(url(event), {"summary": "Primeiro.", "figures": FIGURES})

    api.put(url(event), {"figures": {"waste": 7}})
    answer = api.put(url(event), {})

    assert answer.json()["summary"] == "Primeiro."
    assert answer.json()["figures"] == {"waste": 7}


@pytest.mark.parametrize(
    ("figures", "attr"),
    [
        ({"waste": -1}, "figures.waste"),
        ({"waste": "NaN"}, "figures.waste"),
        ({"waste": "-Infinity"}, "figures.waste"),
        ({"waste": 1e30}, "figures.waste"),
        ({"waste": "1e999"}, "figures.waste"),
        ({"waste": 10_000_001}, "figures.waste"),
        ({"waste": 0.001}, "figures.waste"),
        ({"waste": None}, "figures.waste"),
        ({"waste": True}, "figures.waste"),
        ({"waste": []}, "figures.waste"),
        ({"seedlings": 3.5}, "figures.seedlings"),
        ({"readings": 3}, "figures.readings"),
        ({}, "figures"),
        ({"hours": 3}, "figures"),
        ([], "figures"),
    ],
)
def test_a_bad_figure_is_refused_by_its_name(api, event, figures, attr):
    response = api.put(url(event), {"figures": figures})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"].removesuffix(".non_field_errors") == attr
    assert not EventReport.objects.exists()


def test_a_number_that_is_none_is_no_json(api, event):
    response = api.generic(
        "PUT", url(event), '{"figures": {"waste": NaN}}', content_type="application/json"
    )

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (
            {"starts_at": timezone.now() + timedelta(days=1), "status": "published"},
            "event_not_over",
        ),
        (
            {"starts_at": timezone.now() - timedelta(hours=1), "status": "published"},
            "event_not_over",
        ),
        ({"status": "cancelled", "cancel_reason": "Chuva"}, "wrong_status"),
    ],
)
def test_what_did_not_end_or_take_place_has_no_report(api, user, fields, code):
    event = PastEventFactory(organizer=user, **fields)

    assert error(api.put(url(event), {"figures": FIGURES}))[:2] == (409, code)
    assert not EventReport.objects.exists()


def test_who_ended_an_hour_ago_need_not_wait_for_the_night(api, user):
    event = PastEventFactory(organizer=user, status="published")

    assert api.put(url(event), {"figures": FIGURES}).status_code == 200


def test_an_incomplete_report_is_not_submitted(api, event):
    api.put(url(event), {"figures": {"waste": 3}})

    assert error(api.post(url(event, "submit/"))) == (409, "report_incomplete", "figures")
    assert event.report.status == "draft"


def test_a_report_that_nobody_wrote_is_not_there(api, event):
    assert api.get(url(event)).status_code == 404
    assert api.post(url(event, "submit/")).status_code == 404


def test_while_it_waits_nobody_writes_it(api, event):
    submitted(event)

    assert error(api.put(url(event), {"summary": "x"}))[:2] == (409, "wrong_report_status")


def test_submitting_again_changes_nothing(api, event):
    first = submitted(event)

    assert api.post(url(event, "submit/")).status_code == 200
    assert EventReport.objects.get().submitted_at == first.submitted_at


def test_others_see_a_report_when_it_is_approved(anonymous, client_of, event, staff):
    report = submitted(event)
    stranger = client_of(EventFactory().organizer)

    before = [one.get(url(event)).status_code for one in (anonymous, stranger, client_of(staff))]
    services.approve_report(report, by=staff)
    after = [one.get(url(event)).status_code for one in (anonymous, stranger)]

    assert (before, after) == ([404, 404, 200], [200, 200])
    assert stranger.put(url(event), {"summary": "x"}).status_code == 403
    assert anonymous.put(url(event), {"summary": "x"}).status_code == 401


def test_reading_takes_four_queries(anonymous, event, staff, django_assert_num_queries):
    services.approve_report(submitted(event), by=staff)

    with django_assert_num_queries(4):
        assert anonymous.get(url(event)).json()["figures"] == FIGURES


def test_an_approved_report_shows_in_the_stats_of_the_event(anonymous, event, staff):
    report = submitted(event)
    stats = f"/api/v1/events/{event.pk}/stats/"

    before = anonymous.get(stats).json()["figures"]
    services.approve_report(report, by=staff)

    assert (before, anonymous.get(stats).json()["figures"]) == ({}, FIGURES)


def test_a_returned_report_tells_why_and_is_submitted_again(api, event, staff):
    services.return_report(submitted(event), by=staff, reason="Faltam as fotos da pesagem.")

    shown = api.get(url(event)).json()
    assert (shown["status"], shown["return_reason"]) == ("returned", "Faltam as fotos da pesagem.")
    assert api.put(url(event), {"figures": {**FIGURES, "waste": 9}}).status_code == 200
    assert api.post(url(event, "submit/")).json()["status"] == "submitted"
    services.approve_report(event.report, by=staff)
    assert api.get(url(event)).json()["return_reason"] == ""


def test_an_approved_report_that_organizers_change_waits_again(api, event, staff):
    services.approve_report(submitted(event), by=staff)

    changed = api.put(url(event), {"figures": {**FIGURES, "waste": 9}})

    assert changed.json()["status"] == "draft"
    assert list(ReportFigure.objects.counted()) == []


def test_what_staff_change_stays_approved(client_of, event, staff):
    services.approve_report(submitted(event), by=staff)
    staff.user_permissions.add(Permission.objects.get(codename="change_eventreport"))

    changed = client_of(staff).put(url(event), {"figures": {**FIGURES, "waste": 9}})

    assert changed.json()["status"] == "approved"
    assert ReportFigure.objects.counted().get(kind="waste").amount == 9


def test_what_staff_change_who_may_not_approve_waits_again(client_of, event, staff):
    services.approve_report(submitted(event), by=staff)

    changed = client_of(staff).put(url(event), {"figures": {**FIGURES, "waste": 9}})

    assert changed.json()["status"] == "draft"
    assert not ReportFigure.objects.counted().exists()


@pytest.mark.parametrize("status", EventReport.Status)
@pytest.mark.parametrize("transition", report_transitions.ALL)
def test_only_declared_changes_of_status_happen(event, status, transition):
    reason = "x" if status == "returned" else ""
    report = EventReport.objects.create(event=event, status=status, return_reason=reason)
    may = status in transition.sources

    if may or status == transition.target:
        assert transition.apply(report, return_reason="x") is may
        assert report.status == transition.target
    else:
        with pytest.raises(services.WrongReportStatus):
            transition.apply(report)


def test_the_database_refuses_what_no_report_may_hold(event):
    report = EventReport.objects.create(event=event)

    for amount in (Decimal(-1), Decimal(10_000_001)):
        with pytest.raises(IntegrityError, match="report_figure_possible"):
            _alone(lambda amount=amount: report.figures.create(kind="waste", amount=amount))
    with pytest.raises(IntegrityError, match="returned_with_reason"):
        _alone(lambda: EventReport.objects.update(status="returned"))


def _alone(do):
    with transaction.atomic():
        do()


@pytest.mark.django_db(transaction=True)
def test_a_report_is_written_or_approved_but_not_both(staff):
    """Whoever is second finds what the first one left."""
    event = PastEventFactory()
    report = submitted(event)
    services.return_report(report, by=staff, reason="x")
    services.submit_report(event, by=event.organizer)
    outcomes = []

    def attempt(act):
        try:
            outcomes.append(act().status)
        except services.WrongReportStatus:
            outcomes.append("refused")

    figures = {"waste": Decimal(1), "seedlings": Decimal(1)}
    run_together(
        lambda: attempt(lambda: services.approve_report(report, by=staff)),
        lambda: attempt(lambda: services.save_report(event, by=event.organizer, figures=figures)),
    )

    report.refresh_from_db()
    waste = report.figures.get(kind="waste").amount
    assert sorted(outcomes) in (["approved", "draft"], ["approved", "refused"])
    assert (report.status, waste) in [("draft", Decimal(1)), ("approved", Decimal("120.50"))]


def test_who_runs_the_event_is_told_that_a_report_was_returned(
    event, staff, mailoutbox, django_capture_on_commit_callbacks
):
    helper = UserFactory(email_confirmed_at=timezone.now())
    event.co_organizers.add(helper)
    type(helper).objects.update(email_confirmed_at=timezone.now())
    report = submitted(event)

    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(2):
            services.return_report(report, by=staff, reason="Falta o peso.")

    assert sorted(mail.to[0] for mail in mailoutbox) == sorted(
        [event.organizer.email, helper.email]
    )
    assert mailoutbox[0].subject == f"Seu relatório foi devolvido: {event.title}"
    assert "Falta o peso." in mailoutbox[0].body


def test_a_report_that_was_handed_in_again_is_not_mailed_as_returned(event, staff, mailoutbox):
    type(staff).objects.update(email_confirmed_at=timezone.now())
    services.return_report(submitted(event), by=staff, reason="Falta o peso.")
    services.submit_report(event, by=event.organizer)

    services.send_notification(EventNotification.objects.get().pk)

    assert not mailoutbox


def test_a_report_tells_of_photos_of_the_event(api, anonymous, event, staff):
    shown, later = PhotoFactory.create_batch(2, event=event)

    written = api.put(url(event), {"figures": FIGURES, "photos": [later.pk, shown.pk]})
    kept = api.put(url(event), {"summary": "Limpo."})
    services.submit_report(event, by=event.organizer)
    services.approve_report(event.report, by=staff)
    services.flag_photo(later, staff, reason="shows_me")

    assert written.json()["photos"] == kept.json()["photos"] == [shown.pk, later.pk]
    assert anonymous.get(url(event)).json()["photos"] == [shown.pk]


def test_photos_of_a_report_are_taken_off(api, event):
    api.put(url(event), {"photos": [PhotoFactory(event=event).pk]})

    assert api.put(url(event), {"photos": []}).json()["photos"] == []


@pytest.mark.parametrize(
    "photos", [[4711], [0], ["x"], [2**70], None, 3, list(range(1, 14))], ids=str
)
def test_photos_that_are_none_are_refused_by_name(api, event, photos):
    response = api.put(url(event), {"photos": photos})

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"].startswith("photos")


def test_photos_of_others_or_not_shown_are_refused(api, event):
    for photo in (PhotoFactory(), PhotoFactory(event=event, status="waiting")):
        assert error(api.put(url(event), {"photos": [photo.pk]})) == (400, "unknown", "photos")


def test_new_photos_let_an_approved_report_wait_again(api, event, staff):
    services.approve_report(submitted(event), by=staff)

    answer = api.put(url(event), {"photos": [PhotoFactory(event=event).pk]})

    assert answer.json()["status"] == "draft"
