"""Who did how much of what: people say it, organizers decide it."""

from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import IntegrityError

from events import services
from events.models import ReportContribution
from tests.factories import PastEventFactory, UserFactory, VisitorFactory
from tests.together import run_together

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(user):
    event = PastEventFactory(organizer=user)
    figures = {"waste": Decimal(20), "seedlings": Decimal(5)}
    services.save_report(event, by=user, figures=figures)
    return event


@pytest.fixture
def person(event):
    return VisitorFactory(event=event).user


def url(event, contribution=None, command=""):
    start = f"/api/v1/events/{event.pk}/report/contributions/"
    return f"{start}{contribution.pk}/{command}/" if contribution else start


def error(response):
    [found] = response.json()["errors"]
    return response.status_code, found["code"], found["attr"]


def said(event, amount=12, kind="waste", **fields):
    person = fields.pop("person", None) or VisitorFactory(event=event).user
    return services.add_contribution(event, person, kind=kind, amount=Decimal(amount), by=person)


def test_a_person_says_what_they_did_and_an_organizer_approves_it(api, client_of, event, person):
    told = client_of(person).post(url(event), {"kind": "waste", "amount": 12.5})
    contribution = ReportContribution.objects.get()
    waiting = list(ReportContribution.objects.waiting_for_decision())
    approved = api.post(url(event, contribution, "approve"))

    assert (told.status_code, told.json()["status"], told.json()["amount"]) == (
        201,
        "pending",
        12.5,
    )
    assert waiting == [contribution]
    assert (approved.status_code, approved.json()["approved_amount"]) == (200, 12.5)
    contribution.refresh_from_db()
    assert (contribution.status, contribution.decided_by) == ("approved", event.organizer)


def test_what_an_organizer_says_is_approved_with_it(api, event, person):
    place = event.participants.get(user=person)

    told = api.post(url(event), {"participant": place.pk, "kind": "waste", "amount": 3})

    assert (told.json()["status"], told.json()["user"]) == ("approved", person.pk)


def test_for_others_only_organizers_speak(client_of, event, person):
    other = VisitorFactory(event=event)

    response = client_of(person).post(
        url(event), {"participant": other.pk, "kind": "waste", "amount": 3}
    )

    assert response.status_code == 403


def test_who_was_not_there_did_nothing(api, client_of, event):
    absent = VisitorFactory(event=event, checked_in_at=None, checked_out_at=None)
    body = {"kind": "waste", "amount": 3}

    for client in (client_of(UserFactory()), client_of(absent.user)):
        assert error(client.post(url(event), body))[:2] == (409, "not_checked_in")
    assert error(api.post(url(event), {**body, "participant": absent.pk}))[0] == 409


def test_before_the_end_nothing_is_told(client_of):
    place = VisitorFactory(event=PastEventFactory(status="published"))
    event = place.event
    event.ends_at = event.starts_at.replace(year=event.starts_at.year + 1)
    event.save()

    response = client_of(place.user).post(url(event), {"kind": "waste", "amount": 3})

    assert error(response)[:2] == (409, "event_not_over")


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({"kind": "waste", "amount": -1}, "amount"),
        ({"kind": "waste", "amount": "NaN"}, "amount"),
        ({"kind": "waste", "amount": 1e30}, "amount"),
        ({"kind": "waste"}, "amount"),
        ({"kind": "seedlings", "amount": 1.5}, "amount"),
        ({"kind": "hours", "amount": 1}, "kind"),
        ({"kind": "readings", "amount": 1}, "kind"),
        ({"kind": "waste", "amount": 1, "participant": 2**62}, "participant"),
    ],
)
def test_bad_input_is_refused_by_the_name_of_its_field(api, event, body, attr):
    response = api.post(url(event), body)

    assert (response.status_code, error(response)[2]) == (400, attr)
    assert not ReportContribution.objects.exists()


def test_said_again_it_replaces_what_waits_but_not_what_was_decided(client_of, event, person):
    me = client_of(person)
    me.post(url(event), {"kind": "waste", "amount": 3})
    again = me.post(url(event), {"kind": "waste", "amount": 4})
    services.approve_contribution(ReportContribution.objects.get(), by=event.organizer)

    late = me.post(url(event), {"kind": "waste", "amount": 5})

    assert (again.status_code, again.json()["amount"]) == (201, 4)
    assert error(late)[:2] == (409, "contribution_decided")


def test_the_sum_never_exceeds_the_figure(api, event):
    first, second = said(event, 12), said(event, 9)

    taken = api.post(url(event, first, "approve"))
    refused = api.post(url(event, second, "approve"))
    adjusted = api.post(url(event, second, "adjust"), {"amount": 8, "reason": "Só cabia isso."})

    assert taken.status_code == 200
    assert error(refused) == (409, "contributions_exceed_figure", "amount")
    assert (adjusted.json()["status"], adjusted.json()["approved_amount"]) == ("adjusted", 8)
    assert adjusted.json()["amount"] == 9


def test_nor_is_the_figure_lowered_below_the_sum(api, event):
    services.approve_contribution(said(event, 12), by=event.organizer)

    for figures in ({"waste": 11, "seedlings": 5}, {"seedlings": 5}):
        response = api.put(f"/api/v1/events/{event.pk}/report/", {"figures": figures})
        assert error(response) == (409, "figure_below_contributions", "figures.waste")
    assert event.report.figures.get(kind="waste").amount == 20


def test_what_has_no_figure_cannot_be_credited(api, user):
    event = PastEventFactory(organizer=user)

    response = api.post(url(event, said(event), "approve"))

    assert error(response)[:2] == (409, "contributions_exceed_figure")


def test_a_rejection_needs_a_reason_and_can_be_taken_back(api, event):
    contribution = said(event)

    without = api.post(url(event, contribution, "reject"), {})
    rejected = api.post(url(event, contribution, "reject"), {"reason": "Contado com o grupo."})
    approved = api.post(url(event, contribution, "approve"))

    assert error(without) == (400, "required", "reason")
    assert (rejected.json()["status"], rejected.json()["reason"]) == (
        "rejected",
        "Contado com o grupo.",
    )
    assert (approved.json()["status"], approved.json()["reason"]) == ("approved", "")


def test_half_a_seedling_is_no_adjustment(api, event):
    contribution = said(event, 2, "seedlings")

    response = api.post(url(event, contribution, "adjust"), {"amount": 1.5})

    assert error(response) == (400, "whole", "amount")


def test_only_organizers_decide(client_of, event, person):
    contribution = said(event, person=person)

    for command in ("approve", "adjust", "reject"):
        body = {"amount": 1, "reason": "x"}
        assert client_of(person).post(url(event, contribution, command), body).status_code == 403


def test_a_contribution_of_another_event_is_not_here(api, event, user):
    elsewhere = said(PastEventFactory(organizer=user))

    assert api.post(url(event, elsewhere, "approve")).status_code == 404


def test_each_sees_their_own_and_organizers_all(api, client_of, anonymous, event, person):
    mine, other = said(event, person=person), said(event)

    assert [one["id"] for one in api.get(url(event)).json()["results"]] == [mine.pk, other.pk]
    assert [one["id"] for one in client_of(person).get(url(event)).json()["results"]] == [mine.pk]
    assert client_of(UserFactory()).get(url(event)).json()["count"] == 0
    assert anonymous.get(url(event)).status_code == 401


def test_the_list_takes_three_queries_and_filters(api, event, django_assert_num_queries):
    for _ in range(5):
        said(event, 1)
    services.approve_contribution(said(event, 1), by=event.organizer)

    with django_assert_num_queries(3):
        assert api.get(url(event)).json()["count"] == 6
    assert api.get(url(event), {"status": "approved"}).json()["count"] == 1
    assert api.get(url(event), {"status": "gone"}).status_code == 400


def test_who_did_not_come_after_all_loses_what_they_said(event):
    contribution = said(event, 5)
    services.approve_contribution(contribution, by=event.organizer)
    place = event.participants.get(user=contribution.user)

    services.undo_check_in(event, place, reason="Era o crachá de outra pessoa.")

    contribution.refresh_from_db()
    assert (contribution.status, contribution.approved_amount) == ("rejected", None)


def test_the_database_knows_what_counts(event):
    contribution = said(event)

    with pytest.raises(IntegrityError, match="counts_when_approved"):
        ReportContribution.objects.filter(pk=contribution.pk).update(status="approved")


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_at_once_do_not_exceed_the_figure():
    event = PastEventFactory()
    services.save_report(event, by=event.organizer, figures={"waste": Decimal(20)})
    told = [said(event, 9) for _ in range(5)]
    refused = []

    def approve(contribution):
        try:
            services.approve_contribution(contribution, by=event.organizer)
        except services.ContributionsExceedFigure:
            refused.append(contribution)

    run_together(*[lambda one=one: approve(one) for one in told])

    assert (event.report.contributions.sums(), len(refused)) == ({"waste": 18}, 3)


@pytest.mark.django_db(transaction=True)
def test_a_figure_is_not_lowered_while_something_is_approved():
    event = PastEventFactory()
    services.save_report(event, by=event.organizer, figures={"waste": Decimal(20)})
    contribution = said(event, 15)

    def attempt(act):
        with suppress(services.ContributionsExceedFigure, services.FigureBelowContributions):
            act()

    lower = {"waste": Decimal(10)}
    run_together(
        lambda: attempt(lambda: services.approve_contribution(contribution, by=event.organizer)),
        lambda: attempt(lambda: services.save_report(event, by=event.organizer, figures=lower)),
    )

    figure = event.report.figures.get(kind="waste").amount
    assert event.report.contributions.sums().get("waste", 0) <= figure
