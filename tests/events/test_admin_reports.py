"""Staff decide on reports in the admin, and read what months came to."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from events import services
from events.models import EventCategory, EventReport, ImpactReport, ReportContribution
from tests.factories import CategoryFactory, PastEventFactory, PhotoFactory, VisitorFactory
from users.models import Contribution

pytestmark = pytest.mark.django_db
REPORTS = "/admin/events/eventreport/"
SAID = "/admin/events/reportcontribution/"
MONTHS = "/admin/events/impactreport/"
YES = {"confirmed": "yes"}


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def report():
    """Submitted, with one pending contribution."""
    event = PastEventFactory()
    figures = {"waste": Decimal(20), "seedlings": Decimal(0)}
    services.save_report(event, by=event.organizer, figures=figures, summary="Praia limpa.")
    person = VisitorFactory(event=event).user
    services.add_contribution(event, person, kind="waste", amount=Decimal(8), by=person)
    return services.submit_report(event, by=event.organizer)


def test_the_page_shows_figures_and_contributions(admin_client, report):
    page = admin_client.get(f"{REPORTS}{report.pk}/change/").text

    for text in ("Praia limpa.", "lixo recolhido", "20,00", "kg", "8,00", "pendente"):
        assert text in page
    assert f"{REPORTS}{report.pk}/approve" in page


def test_the_page_shows_the_photos_and_nothing_of_those_that_were_removed(
    admin_client, admin_user, report
):
    shown, removed = PhotoFactory.create_batch(2, event=report.event)
    report.photos.set([shown, removed])
    services.remove_photo(removed, by=admin_user, reason="Não.")

    page = admin_client.get(f"{REPORTS}{report.pk}/change/").text

    assert page.count("<img src=") == page.count("photos/small") == 1


def test_staff_approve_a_report(admin_client, admin_user, report):
    admin_client.post(f"{REPORTS}{report.pk}/approve/", YES)

    report.refresh_from_db()
    assert (report.status, report.decided_by) == ("approved", admin_user)


def test_staff_return_a_report_with_a_reason(admin_client, report):
    page = f"{REPORTS}{report.pk}/return/"

    unanswered = admin_client.post(page, {**YES, "reason": ""})
    admin_client.post(page, {**YES, "reason": "Falta o peso."})

    report.refresh_from_db()
    assert "Este campo é obrigatório" in unanswered.text
    assert (report.status, report.return_reason) == ("returned", "Falta o peso.")


def test_many_are_approved_at_once_and_a_refusal_is_told(admin_client, report):
    draft = EventReport.objects.create(event=PastEventFactory())
    choice = {"action": "approve_selected", "_selected_action": [report.pk, draft.pk]}

    response = admin_client.post(REPORTS, {**choice, **YES}, follow=True)

    refused, done = messages_of(response)
    assert refused == f"{draft.event}: A situação do relatório não permite isso."
    assert done == "1 relatório foi aprovado."


def test_only_what_the_status_allows_is_offered(admin_client, report):
    report.status = "draft"
    report.save()

    page = admin_client.get(f"{REPORTS}{report.pk}/change/").text

    assert f"{REPORTS}{report.pk}/approve" not in page
    assert f"{REPORTS}{report.pk}/return" not in page


def test_what_waits_for_a_decision_is_found(admin_client, report):
    EventReport.objects.create(event=PastEventFactory(title="Outro"))
    other = VisitorFactory(event=report.event).user
    services.add_contribution(
        report.event, other, kind="waste", amount=Decimal(1), by=report.event.organizer
    )

    reports = admin_client.get(REPORTS, {"waits": "yes"}).context["cl"].queryset
    said = admin_client.get(SAID, {"waits": "yes"}).context["cl"].queryset

    assert list(reports) == [report]
    assert list(said) == [ReportContribution.objects.get(status="pending")]


def test_contributions_are_decided_from_their_list(admin_client, report):
    contribution = report.contributions.get()
    choice = {"_selected_action": [contribution.pk]}

    admin_client.post(SAID, {**choice, "action": "reject", **YES, "reason": "Repetida."})
    contribution.refresh_from_db()
    rejected = contribution.status
    admin_client.post(SAID, {**choice, "action": "approve"})

    contribution.refresh_from_db()
    assert (rejected, contribution.status) == ("rejected", "approved")


@pytest.mark.parametrize("page", [REPORTS, SAID])
def test_the_lists_take_as_many_queries_however_long(
    admin_client, report, page, django_assert_max_num_queries
):
    for _ in range(5):
        event = PastEventFactory()
        EventReport.objects.create(event=event)
        person = VisitorFactory(event=event).user
        services.add_contribution(event, person, kind="waste", amount=Decimal(8), by=person)

    with django_assert_max_num_queries(10):
        admin_client.get(page)


def test_who_only_looks_may_not_decide(client, staff, report):
    staff.user_permissions.add(Permission.objects.get(codename="view_eventreport"))
    client.force_login(staff)

    seen = client.get(f"{REPORTS}{report.pk}/change/")
    tried = client.post(f"{REPORTS}{report.pk}/approve/", YES)

    report.refresh_from_db()
    assert (seen.status_code, tried.status_code, report.status) == (200, 403, "submitted")
    assert f"{REPORTS}{report.pk}/approve" not in seen.text


def test_a_month_is_read_downloaded_and_added_up_again(
    admin_client, report, staff, django_capture_on_commit_callbacks
):
    report = services.approve_report(report, by=staff)
    services.generate_monthly_report(report.event.starts_at.date().replace(day=1))
    month = ImpactReport.objects.get()
    address = f"/api/v1/events/impact/monthly/{month.slug}.pdf/"

    page = admin_client.get(f"{MONTHS}{month.pk}/change/").text
    report.figures.filter(kind="waste").update(amount=77)
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"{MONTHS}{month.pk}/remake/", YES)

    month.refresh_from_db()
    assert address in page
    assert address in admin_client.get(MONTHS).text
    assert admin_client.get(address).getvalue().startswith(b"%PDF")
    assert month.figures["figures"]["waste"] == 77


def test_staff_choose_what_a_category_reports(admin_client):
    category = CategoryFactory(metrics=["waste"])
    page = f"/admin/events/eventcategory/{category.pk}/change/"
    form = {"name": category.name, "slug": category.slug, "is_active": "on"}

    shown = admin_client.get(page).text
    admin_client.post(page, {**form, "metrics": ["seedlings", "area"]})
    refused = admin_client.post(page, {**form, "metrics": ["hours"]})

    assert "mudas plantadas" in shown
    assert EventCategory.objects.get(pk=category.pk).metrics == ["seedlings", "area"]
    assert refused.status_code == 200


def test_approving_in_the_admin_reaches_the_ledger(
    admin_client, report, django_capture_on_commit_callbacks
):
    services.approve_contribution(report.contributions.get(), by=report.event.organizer)

    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post(f"{REPORTS}{report.pk}/approve/", YES)

    assert Contribution.objects.get().amount == 8
