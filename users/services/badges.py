"""Badges: given to whoever the ledger says earned them, and taken back when it no longer does."""

from collections.abc import Iterable

from django.db import connection, transaction
from django.utils import timezone

from users import measures, tasks
from users.models import Badge, BadgeAward

# Where what was earned and what was awarded differ. Only read, so that it may run in parallel.
CHANGES = """, earned AS (
    SELECT badge_id, user_id, is_enabled
    FROM measured JOIN users_badge AS badge ON badge.id = badge_id
    WHERE value >= threshold
), awarded AS (
    SELECT id, badge_id, user_id FROM users_badgeaward
    WHERE revoked_at IS NULL
        AND (%(people)s::bigint[] IS NULL OR user_id = ANY(%(people)s::bigint[]))
)
SELECT awarded.id, badge_id, user_id
FROM earned FULL JOIN awarded USING (badge_id, user_id)
WHERE awarded.id IS NULL AND is_enabled OR earned.user_id IS NULL
"""
BATCH = 5000


@transaction.atomic
def evaluate_badges(user_ids: Iterable[int] | None = None) -> tuple[int, int]:
    """Award and revoke what the ledger asks for, of some people or of all; return how many.

    The lock lets one evaluation follow another: each reads the ledger after the one before
    has written, so the last one to be asked for is the last one to be believed.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE users_badgeaward IN SHARE ROW EXCLUSIVE MODE")
    if not (badges := list(Badge.objects.in_use())):
        return 0, 0
    statement, given = measures.measured(badges, user_ids)
    changes = measures.rows(statement + CHANGES, given)
    new = [pair for old, *pair in changes if old is None]
    gone = [old for old, *_ in changes if old is not None]
    for first in range(0, len(new), BATCH):  # a new badge may go to very many
        BadgeAward.objects.bulk_create(
            BadgeAward(badge_id=badge, user_id=user) for badge, user in new[first : first + BATCH]
        )
    BadgeAward.objects.filter(pk__in=gone).update(
        revoked_at=timezone.now(), reason=BadgeAward.Reason.CORRECTION
    )
    return len(new), len(gone)


@transaction.atomic
def enable_badge(badge: Badge) -> None:
    """Let a badge be earned, and award it to all who have."""
    Badge.objects.filter(pk=badge.pk).update(is_enabled=True)
    tasks.check_and_award_badges.delay_on_commit()


def disable_badge(badge: Badge) -> None:
    """Award a badge to nobody else; who has it keeps it."""
    Badge.objects.filter(pk=badge.pk).update(is_enabled=False)
