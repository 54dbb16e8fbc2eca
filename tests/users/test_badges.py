from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event

import pytest
from django.db import IntegrityError, transaction

from tests.factories import UserFactory
from tests.together import let_someone_wait, run_together
from tests.users.lines import attend, give
from users import measures, services, tasks
from users.models import Badge, BadgeAward, Contribution

MAY = datetime(2027, 5, 3, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_starters(db):
    Badge.objects.all().delete()


def make_badge(metric="events", threshold=3, **rule):
    fields = {"name": metric, "description": "…", "is_enabled": True, **rule}
    number = Badge.objects.count()
    return Badge.objects.create(
        slug=f"badge-{number}", metric=metric, threshold=threshold, **fields
    )


def holders(badge):
    return {award.user for award in badge.awards.filter(revoked_at=None).select_related("user")}


def value_of(badge, user):
    return {row.badge_id: row.value for row in measures.progress([badge], [user.pk])}.get(badge.pk)


def test_every_kind_of_contribution_can_be_asked_for():
    assert set(Contribution.Kind.values) <= set(Badge.Metric.values)


def test_attendance_that_is_enough_earns_the_badge_once(user):
    badge = make_badge(threshold=2)
    attend(user, MAY, MAY + timedelta(days=1))

    assert services.evaluate_badges([user.pk]) == (1, 0)
    assert services.evaluate_badges([user.pk]) == (0, 0)
    assert services.evaluate_badges() == (0, 0)

    assert BadgeAward.objects.get().badge == badge
    assert holders(badge) == {user}


def test_too_little_earns_nothing(user):
    badge = make_badge(threshold=3)
    attend(user, MAY, MAY + timedelta(days=1))

    services.evaluate_badges()

    assert not badge.awards.exists()
    assert value_of(badge, user) == 2


@pytest.mark.parametrize(("metric", "kind"), [(kind, kind) for kind in Contribution.Kind.values])
def test_amounts_of_a_kind_are_added_up(user, metric, kind):
    badge = make_badge(metric, threshold="4.5")
    give(user, MAY, kind=kind, amount="2.25")
    other = next(one for one in Contribution.Kind.values if one != kind)
    give(user, MAY, kind=other, amount=90)
    assert value_of(badge, user) == Decimal("2.25")

    give(user, MAY, kind=kind, amount="2.25")
    services.evaluate_badges()

    assert holders(badge) == {user}


def test_only_the_category_of_the_badge_counts(user):
    badge = make_badge(threshold=2, category="limpeza")

    attend(user, MAY, MAY + timedelta(days=1), category="plantio")
    attend(user, MAY + timedelta(days=2), category="limpeza")

    assert value_of(badge, user) == 1


def test_hours_that_are_no_attendance_are_no_event(user):
    badge = make_badge(threshold=1)

    give(user, MAY, source="adjusted:1")

    assert value_of(badge, user) is None


@pytest.mark.parametrize(("days", "value"), [(1, 1), (9, 1), (10, 2), (11, 2), (19, 3), (99, 3)])
def test_the_fullest_window_of_days_counts(user, days, value):
    """Events on the 3rd, 12th and 21st: from the first to the second are ten days."""
    badge = make_badge(threshold=1, window_days=days)

    attend(user, MAY, MAY + timedelta(days=9), MAY + timedelta(days=18))

    assert value_of(badge, user) == value


def test_a_day_ends_at_midnight_in_sao_paulo(user):
    badge = make_badge(threshold=1, window_days=1)
    late = datetime(2027, 5, 4, 2, 30, tzinfo=UTC)  # half past eleven, on the 3rd

    attend(user, MAY, late)

    assert value_of(badge, user) == 2


def test_a_streak_is_weeks_in_a_row(user):
    badge = make_badge("streak", threshold=3)

    attend(user, *(MAY + timedelta(weeks=week) for week in (0, 1, 3, 4, 5, 7)))
    services.evaluate_badges()

    assert value_of(badge, user) == 3
    assert holders(badge) == {user}


def test_a_badge_that_time_passes_by_is_kept(user):
    badge = make_badge(threshold=2, window_days=7)
    attend(user, MAY - timedelta(days=900), MAY - timedelta(days=899))

    services.evaluate_badges()

    assert holders(badge) == {user}


def test_a_correction_revokes_with_a_reason_and_new_attendance_awards_again(user):
    badge = make_badge(threshold=1)
    (line,) = attend(user, MAY)
    services.evaluate_badges([user.pk])
    first = badge.awards.get()

    services.reverse_contribution(line, reason="Wrong scan")
    assert services.evaluate_badges([user.pk]) == (0, 1)

    first.refresh_from_db()
    assert first.revoked_at
    assert first.get_reason_display() == "O que contou para ela foi corrigido."
    assert holders(badge) == set()

    attend(user, MAY + timedelta(days=3))
    assert services.evaluate_badges([user.pk]) == (1, 0)
    assert holders(badge) == {user}
    assert badge.awards.count() == 2


def test_a_correction_leaves_a_badge_that_is_still_earned(user):
    badge = make_badge(threshold=1)
    line, _ = attend(user, MAY, MAY + timedelta(days=1))
    services.evaluate_badges()

    services.reverse_contribution(line, reason="Wrong scan")

    assert services.evaluate_badges() == (0, 0)
    assert holders(badge) == {user}


def test_only_the_people_asked_about_are_looked_at(user):
    other = UserFactory()
    badge = make_badge(threshold=1)
    attend(user, MAY)
    attend(other, MAY)

    services.evaluate_badges([user.pk])

    assert holders(badge) == {user}


def test_a_badge_that_is_not_enabled_is_awarded_to_nobody_and_previewed(user):
    badge = make_badge(threshold=1, is_enabled=False)
    better = UserFactory()
    attend(user, MAY)
    attend(better, MAY, MAY + timedelta(days=1))

    services.evaluate_badges()

    assert not badge.awards.exists()
    assert measures.earners(badge) == [better.pk, user.pk]


def test_enabling_awards_to_all_who_earned_it(user, django_capture_on_commit_callbacks):
    badge = make_badge(threshold=1, is_enabled=False)
    attend(user, MAY)

    with django_capture_on_commit_callbacks(execute=True):
        services.enable_badge(badge)

    assert holders(badge) == {user}


def test_a_disabled_badge_is_kept_by_who_has_it_and_still_corrected(user):
    badge, other = make_badge(threshold=1), UserFactory()
    (line,) = attend(user, MAY)
    services.evaluate_badges()
    services.disable_badge(badge)
    attend(other, MAY)

    services.evaluate_badges()
    assert holders(badge) == {user}

    services.reverse_contribution(line, reason="Wrong scan")
    services.evaluate_badges()
    assert holders(badge) == set()


def test_a_change_of_the_ledger_awards_by_itself(user, django_capture_on_commit_callbacks):
    badge = make_badge(threshold=1)

    with django_capture_on_commit_callbacks(execute=True):
        attend(user, MAY)

    assert holders(badge) == {user}
    assert user.statistics.events == 1


def test_a_call_of_the_ledger_sends_one_task_of_each_kind(user, django_capture_on_commit_callbacks):
    lines = [
        Contribution(user=person, kind="hours", amount=1, source=f"event:{n}", happened_at=MAY)
        for n, person in enumerate([user, user, *UserFactory.create_batch(3)])
    ]

    with django_capture_on_commit_callbacks() as callbacks:
        services.record_contributions(lines)

    assert len(callbacks) == 2


def test_the_nightly_run_heals_what_a_lost_message_left(user):
    badge = make_badge(threshold=1)
    attend(user, MAY)

    tasks.check_and_award_badges()
    tasks.update_user_statistics()

    assert holders(badge) == {user}
    assert user.statistics.events == 1


def test_evaluating_needs_few_statements_for_any_number_of_badges_and_people(
    db, django_assert_num_queries
):
    for threshold in range(1, 9):
        make_badge(threshold=threshold, window_days=30 if threshold % 2 else None)
    people = UserFactory.create_batch(5)
    for person in people:
        attend(person, MAY)
    services.evaluate_badges()

    with django_assert_num_queries(5):  # two are the savepoint
        services.evaluate_badges()


@pytest.mark.parametrize(
    "rule",
    [{"threshold": 0}, {"window_days": 0}, {"metric": "streak", "window_days": 7}],
    ids=["asks for nothing", "a window of no days", "a streak within days"],
)
def test_the_database_refuses_a_rule_without_sense(db, rule):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_badge(**rule)


def test_the_database_refuses_a_second_award_and_a_revocation_without_a_reason(user):
    badge = make_badge()
    award = BadgeAward.objects.create(badge=badge, user=user)

    with pytest.raises(IntegrityError), transaction.atomic():
        BadgeAward.objects.create(badge=badge, user=user)
    with pytest.raises(IntegrityError), transaction.atomic():
        BadgeAward.objects.filter(pk=award.pk).update(revoked_at=MAY)


def test_the_preview_leaves_out_who_has_it_and_whose_account_is_closed(user):
    closed, holder = UserFactory(is_active=False), UserFactory()
    badge = make_badge(threshold=1)
    attend(holder, MAY)
    services.evaluate_badges()
    services.disable_badge(badge)
    attend(user, MAY)
    attend(closed, MAY)

    assert measures.earners(badge) == [user.pk]

    Badge.objects.update(is_enabled=True)
    services.evaluate_badges()
    assert holders(badge) == {holder, user}


def test_a_badge_that_was_revoked_is_previewed_again(user):
    badge = make_badge(threshold=1)
    (line,) = attend(user, MAY)
    services.evaluate_badges()
    services.reverse_contribution(line, reason="Wrong scan")
    services.evaluate_badges()
    services.disable_badge(badge)

    attend(user, MAY + timedelta(days=1))

    assert measures.earners(badge) == [user.pk]


def test_a_closed_account_keeps_what_it_has(user):
    badge = make_badge(threshold=1)
    attend(user, MAY)
    services.evaluate_badges()
    services.deactivate(user)

    assert services.evaluate_badges() == (0, 0)
    assert holders(badge) == {user}


@pytest.mark.parametrize("metric", ["events", "streak"])
def test_a_visit_of_no_time_is_no_event_attended(user, metric):
    badge = make_badge(metric, threshold=1)
    attend(user, MAY, amount=0)

    services.evaluate_badges()

    assert not value_of(badge, user)
    assert holders(badge) == set()


@pytest.mark.django_db(transaction=True)
def test_evaluations_at_once_award_once():
    badge = make_badge(threshold=1)
    people = UserFactory.create_batch(20)
    for person in people:
        give(person, MAY)
    BadgeAward.objects.all().delete()

    run_together(
        *[services.evaluate_badges] * 4, *[lambda: services.evaluate_badges([people[0].pk])] * 2
    )

    assert badge.awards.count() == 20


@pytest.mark.django_db(transaction=True)
def test_an_evaluation_that_began_before_a_correction_does_not_outlive_it():
    """Without the lock the second one would not see the award that the first one makes."""
    badge, user = make_badge(threshold=1), UserFactory()
    (line,) = attend(user, MAY)
    BadgeAward.objects.all().delete()
    evaluated = Event()

    def slow():
        with transaction.atomic():
            services.evaluate_badges()
            evaluated.set()
            let_someone_wait()

    def correct():
        evaluated.wait()
        services.reverse_contribution(line, reason="Wrong scan")

    run_together(slow, correct)

    assert holders(badge) == set()
    assert badge.awards.get().revoked_at
