from datetime import UTC, datetime
from decimal import Decimal
from threading import Event

import pytest
from django.db import transaction
from django.db.utils import IntegrityError, ProgrammingError

from tests.factories import UserFactory
from tests.together import let_someone_wait, run_together
from users import services, tasks
from users.models import Contribution, ContributionTotal, User

NOON = datetime(2027, 5, 3, 12, tzinfo=UTC)


def record(user, source="event:1:1", amount="2.50"):
    return services.record_contribution(
        user.pk,
        kind=Contribution.Kind.HOURS,
        amount=Decimal(amount),
        source=source,
        happened_at=NOON,
    )


def line(user, source, amount="1.00"):
    return Contribution(
        user=user, kind="hours", amount=Decimal(amount), source=source, happened_at=NOON
    )


def total_of(user):
    return ContributionTotal.objects.get(user=user, kind="hours").amount


def test_a_contribution_is_a_line_and_part_of_the_total(user):
    contribution = record(user)

    assert (contribution.amount, contribution.happened_at) == (Decimal("2.50"), NOON)
    assert total_of(user) == Decimal("2.50")


def test_the_same_source_counts_once_and_gives_the_first_line(user):
    first = record(user, amount="2.50")

    again = record(user, amount="9.00")

    assert again.pk == first.pk
    assert again.amount == Decimal("2.50")
    assert total_of(user) == Decimal("2.50")


def test_many_lines_are_recorded_at_once_and_known_ones_skipped(user, django_assert_num_queries):
    other = UserFactory()
    record(user, "event:1:1", "2.50")
    lines = [line(other, "event:1:2"), line(user, "event:1:1"), line(user, "event:2:1", "0.25")]

    with django_assert_num_queries(1):
        services.record_contributions(lines)

    assert (total_of(user), total_of(other)) == (Decimal("2.75"), Decimal("1.00"))


def test_recording_nothing_asks_nothing_of_the_database(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        services.record_contributions([])


def test_a_reversal_points_at_its_line_and_takes_it_out_of_the_total(user):
    original = record(user)

    reversal = services.reverse_contribution(original, reason="Wrong person scanned")

    assert (reversal.reverses, reversal.amount) == (original, Decimal("-2.50"))
    assert (reversal.source, reversal.reason) == ("event:1:1:reversed", "Wrong person scanned")
    assert reversal.happened_at == original.happened_at
    assert total_of(user) == 0


def test_a_line_is_reversed_once(user):
    original = record(user)
    first = services.reverse_contribution(original, reason="Wrong person")

    again = services.reverse_contribution(original, reason="Wrong again")

    assert again == first
    assert total_of(user) == 0


def test_a_reversal_is_final(user):
    reversal = services.reverse_contribution(record(user), reason="Wrong person")

    with pytest.raises(services.ReversalIsFinal):
        services.reverse_contribution(reversal, reason="Right after all")


def test_the_database_refuses_to_change_a_line(user):
    contribution = record(user)

    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        Contribution.objects.filter(pk=contribution.pk).update(amount=100)

    contribution.refresh_from_db()
    assert contribution.amount == Decimal("2.50")


def test_the_database_refuses_to_delete_a_line(user):
    contribution = record(user)

    with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
        Contribution.objects.filter(pk=contribution.pk)._raw_delete("default")

    assert Contribution.objects.filter(pk=contribution.pk).exists()


def test_only_a_reversal_is_negative(user):
    with pytest.raises(IntegrityError), transaction.atomic():
        record(user, amount="-1.00")

    assert not ContributionTotal.objects.exists()


def test_recount_finds_nothing_wrong_after_records_and_reversals(user):
    services.reverse_contribution(record(user), reason="Wrong person")
    record(user, "event:2:1")

    assert services.recount() == 0


@pytest.mark.parametrize(
    "damage",
    [
        lambda totals: totals.update(amount=7),
        lambda totals: totals.all().delete(),
        lambda totals: totals.create(user=UserFactory(), kind="hours", amount=3),
    ],
    ids=["changed", "missing", "without lines"],
)
def test_recount_mends_a_total_and_reports_it(user, damage):
    record(user)
    damage(ContributionTotal.objects)

    assert services.recount() == 1

    assert services.recount() == 0
    assert total_of(user) == Decimal("2.50")


@pytest.mark.django_db(transaction=True)
def test_the_same_fact_recorded_by_many_at_once_counts_once():
    user = UserFactory()

    run_together(*[lambda: record(user)] * 6)

    assert Contribution.objects.count() == 1
    assert total_of(user) == Decimal("2.50")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("names", [("a", "b"), ("a", "a")], ids=["other facts", "same facts"])
def test_records_of_the_same_people_in_any_order_do_not_deadlock(names, monkeypatch):
    # Of the ledger alone: what follows from it has tests of its own.
    for task in (tasks.update_user_statistics, tasks.check_and_award_badges):
        monkeypatch.setattr(task, "delay_on_commit", lambda *people: None)
    people = User.objects.bulk_create(UserFactory.build_batch(500, password="!"))

    def nightly(name, people):
        for turn in range(15):
            services.record_contributions(
                [line(person, f"{name}:{turn}:{person.pk}") for person in people]
            )

    # Of two sizes, because the database hashes sets of one size in much the same order.
    some = people[::-2]
    run_together(lambda: nightly(names[0], people), lambda: nightly(names[1], some))

    totals = ContributionTotal.objects.filter(user__in=some).values_list("amount", flat=True)
    assert list(totals) == [Decimal(15 * len(set(names)))] * len(some)


@pytest.mark.django_db(transaction=True)
def test_recount_waits_for_a_record_that_is_not_committed_yet():
    user = UserFactory()
    record(user, amount="2.50")
    ContributionTotal.objects.update(amount=7)
    recorded = Event()

    def work():
        with transaction.atomic():
            record(user, "event:2:1", "1.00")
            recorded.set()
            let_someone_wait()

    def check():
        recorded.wait()
        services.recount()

    run_together(work, check)

    assert total_of(user) == Decimal("3.50")
    assert services.recount() == 0


@pytest.mark.django_db(transaction=True)
def test_recounting_while_others_record_finds_no_difference():
    people = UserFactory.create_batch(3)

    def work(name):
        for turn in range(25):
            services.record_contributions(
                [line(person, f"{name}:{turn}:{person.pk}") for person in people]
            )

    def check():
        for _ in range(25):
            assert services.recount() == 0

    run_together(lambda: work("a"), lambda: work("b"), check)

    assert services.recount() == 0
    assert {total_of(person) for person in people} == {Decimal("50.00")}
