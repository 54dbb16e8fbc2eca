"""The ledger follows what approved reports say of persons, whatever happens in between."""

from contextlib import suppress
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.errors import DomainError
from events import services, tasks
from events.models import EventReport, ReportContribution
from tests.factories import PastEventFactory, UserFactory, VisitorFactory
from tests.together import run_together
from users import services as users
from users.models import Contribution, ContributionTotal

FIGURES = {"waste": Decimal(100), "seedlings": Decimal(30)}


def credit(event, amount, person=None, kind="waste"):
    person = person or VisitorFactory(event=event).user
    return services.add_contribution(
        event, person, kind=kind, amount=Decimal(amount), by=event.organizer
    )


def submitted(event):
    services.save_report(event, by=event.organizer, figures=FIGURES)
    return services.submit_report(event, by=event.organizer)


def ledger():
    """What each person's ledger holds from reports, by kind; what adds up to nothing left out."""
    found = {}
    for line in Contribution.objects.filter(source__startswith="report:"):
        key = (line.user_id, line.kind)
        found[key] = found.get(key, 0) + line.amount
    return {key: amount for key, amount in found.items() if amount}


def should_be():
    rows = ReportContribution.objects.counted().filter(report__status="approved")
    return {(row.user_id, row.kind): row.approved_amount for row in rows if row.approved_amount}


@pytest.fixture
def event(db):
    return PastEventFactory()


@pytest.fixture
def report(event, staff, django_capture_on_commit_callbacks):
    """An approved report of which one person did 40 kg."""
    services.save_report(event, by=event.organizer, figures=FIGURES)
    credit(event, 40)
    with django_capture_on_commit_callbacks(execute=True):
        return services.approve_report(submitted(event), by=staff)


def test_an_approval_brings_credits_into_the_ledger(report):
    [line] = Contribution.objects.all()
    person = report.contributions.get().user

    assert (line.user, line.kind, line.amount) == (person, "waste", 40)
    assert line.source == f"report:{report.pk}:waste:user:{person.pk}:1"
    assert (line.happened_at, line.category) == (
        report.event.starts_at,
        report.event.category.slug,
    )
    assert ContributionTotal.objects.get(user=person, kind="waste").amount == 40
    waste, seedlings = report.figures.get(kind="waste"), report.figures.get(kind="seedlings")
    assert (waste.amount, waste.attributed, seedlings.attributed) == (100, 40, 0)


def test_however_often_it_runs_it_counts_once(report):
    for _ in range(3):
        tasks.process_event_report_statistics(report.pk)
    EventReport.objects.update(processed_version=0)  # as if it were killed before its commit
    tasks.process_event_report_statistics(report.pk)

    assert Contribution.objects.count() == 1


def test_a_report_that_is_gone_is_nothing_to_do(db):
    tasks.process_event_report_statistics(1)


def test_a_message_that_was_lost_is_made_up_for(report, staff, event):
    services.return_report(report, by=staff, reason="Conta errada.")  # and nobody heard of it
    assert ledger() != should_be()

    tasks.process_waiting_reports()

    assert ledger() == should_be() == {}
    assert services.unprocessed_reports() == []


def test_a_returned_report_takes_its_numbers_back(report, staff):
    services.return_report(report, by=staff, reason="Conta errada.")
    tasks.process_event_report_statistics(report.pk)

    assert [line.amount for line in Contribution.objects.order_by("pk")] == [40, -40]
    assert ContributionTotal.objects.get().amount == 0
    assert report.figures.get(kind="waste").attributed == 0


def test_approved_again_it_counts_under_a_new_version(report, staff, event):
    services.return_report(report, by=staff, reason="Conta errada.")
    tasks.process_event_report_statistics(report.pk)
    services.approve_report(submitted(event), by=staff)
    tasks.process_event_report_statistics(report.pk)

    assert [line.source.rsplit(":", 1)[-1] for line in Contribution.objects.order_by("pk")] == [
        "1",
        "reversed",
        "3",
    ]
    assert ledger() == should_be()


def test_a_correction_changes_only_its_own_line(report, event):
    other = credit(event, 10)
    tasks.process_event_report_statistics(report.pk)
    services.adjust_contribution(other, amount=Decimal(7), by=event.organizer)
    tasks.process_event_report_statistics(report.pk)

    amounts = [line.amount for line in Contribution.objects.order_by("pk")]
    assert sorted(amounts) == [-10, 7, 10, 40]
    assert ledger() == should_be()


def test_nothing_waits_before_the_first_approval(event):
    credit_of = submitted(event)
    credit(event, 3)

    assert services.unprocessed_reports() == []
    assert credit_of.version == 0


def test_figures_of_nobody_stay_in_the_report(event, staff):
    report = services.approve_report(submitted(event), by=staff)
    tasks.process_event_report_statistics(report.pk)

    assert not Contribution.objects.exists()


def test_who_was_not_there_after_all_loses_it_in_the_ledger_too(report, event):
    place = event.participants.get()

    services.undo_check_in(event, place, reason="Era o crachá de outra pessoa.")
    tasks.process_waiting_reports()

    assert ledger() == {}


@pytest.mark.django_db(transaction=True)
def test_five_at_once_count_once(staff):
    event = PastEventFactory()
    services.save_report(event, by=event.organizer, figures=FIGURES)
    for amount in (10, 20, 30):
        credit(event, amount)
    report = submitted(event)
    with transaction.atomic():
        services.approve_report(report, by=staff)
        EventReport.objects.update(version=2)

    run_together(*[lambda: services.process_report_statistics(report.pk)] * 5)

    assert ledger() == should_be()
    assert users.recount() == 0


@pytest.mark.django_db(transaction=True)
def test_a_correction_in_the_middle_of_it_is_not_lost(staff):
    """Whatever is decided while the ledger is written is seen by that run or left for the next."""
    event = PastEventFactory()
    services.save_report(event, by=event.organizer, figures=FIGURES)
    told = [credit(event, amount) for amount in (10, 20, 30)]
    report = services.approve_report(submitted(event), by=staff)
    EventReport.objects.update(version=9, processed_version=0)

    run_together(
        lambda: services.process_report_statistics(report.pk),
        lambda: services.process_report_statistics(report.pk),
        *[
            lambda one=one: services.reject_contribution(one, by=event.organizer, reason="x")
            for one in told
        ],
    )
    for report_id in services.unprocessed_reports():
        services.process_report_statistics(report_id)

    assert ledger() == should_be() == {}


PEOPLE = 3
someone, amount = st.integers(0, PEOPLE - 1), st.integers(0, 60).map(Decimal)
kinds = st.sampled_from(list(FIGURES))
STEPS = st.one_of(
    st.tuples(st.just("tell"), someone, kinds, amount),
    st.tuples(st.just("credit"), someone, kinds, amount),
    st.tuples(st.sampled_from(["approve one", "reject one"]), someone, kinds),
    st.tuples(st.just("adjust one"), someone, kinds, amount),
    st.tuples(st.sampled_from(["write", "write by staff"]), amount),
    st.tuples(st.sampled_from(["submit", "approve", "approve", "return", "process", "not there"])),
)


def take(step, event, people, staff):
    """Do one thing; what is refused changes nothing."""
    name, *values = step
    organizer = event.organizer
    report = EventReport.objects.filter(event=event).first()
    if name in ("tell", "credit"):
        person, kind, amount = people[values[0]], *values[1:]
        by = person if name == "tell" else organizer
        services.add_contribution(event, person, kind=kind, amount=amount, by=by)
    elif name.endswith(" one"):
        told = report.contributions.get(user=people[values[0]], kind=values[1])
        {
            "approve one": lambda: services.approve_contribution(told, by=organizer),
            "reject one": lambda: services.reject_contribution(told, by=organizer, reason="x"),
            "adjust one": lambda: services.adjust_contribution(
                told, by=organizer, amount=values[2]
            ),
        }[name]()
    elif name.startswith("write"):
        by = staff if name == "write by staff" else organizer
        figures = {"waste": values[0] * 2, "seedlings": values[0]}
        services.save_report(event, by=by, figures=figures)
    else:
        {
            "submit": lambda: services.submit_report(event, by=organizer),
            "approve": lambda: services.approve_report(report, by=staff),
            "return": lambda: services.return_report(report, by=staff, reason="x"),
            "process": lambda: services.process_report_statistics(report.pk),
            "not there": lambda: services.undo_check_in(
                event, event.participants.filter(user=people[0]).get(), reason="x"
            ),
        }[name]()


def check(report):
    """What always holds: nobody is credited beyond the figures, and the totals follow."""
    figures = dict(report.figures.values_list("kind", "amount"))
    for kind, total in report.contributions.sums().items():
        assert total <= figures[kind]


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=5, max_size=30))
def test_the_ledger_says_what_the_report_says_whatever_happens(steps):
    with transaction.atomic():
        event, staff = PastEventFactory(), UserFactory(is_staff=True)
        people = [VisitorFactory(event=event).user for _ in range(PEOPLE)]
        services.save_report(event, by=event.organizer, figures=FIGURES)

        for step in steps:
            with suppress(DomainError, ReportContribution.DoesNotExist), transaction.atomic():
                take(step, event, people, staff)
            check(event.report)
            event.report.refresh_from_db()
            if event.report.version == event.report.processed_version:
                assert ledger() == should_be()
        services.process_report_statistics(event.report.pk)

        assert ledger() == should_be()
        assert users.recount() == 0
        transaction.set_rollback(True)
