"""Badges: given to whoever the ledger says earned them, and taken back when it no longer does."""

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Min
from django.utils import timezone

from config.patience import MAX_ATTEMPTS, overdue
from users import credentials, emails, measures, tasks
from users.models import Badge, BadgeAward, NotificationPreference, User
from users.services.preferences import wants

# Where what was earned and what was awarded differ; closed accounts get nothing new. Only read, so
# that it may run in parallel.
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
WHERE earned.user_id IS NULL OR awarded.id IS NULL AND is_enabled
    AND EXISTS (SELECT FROM users_user WHERE users_user.id = user_id AND is_active)
"""
BATCH = 5000
# So many people are written to at once; the sweep goes on with the others.
SWEEP_SIZE = 200


@transaction.atomic
def evaluate_badges(
    user_ids: Iterable[int] | None = None, *, tells: bool = True
) -> tuple[int, int]:
    """Award and revoke what the ledger asks for, of some people or of all; return how many.

    The lock lets one evaluation follow another: each reads the ledger after the one before
    has written, so the last one to be asked for is the last one to be believed. Who got
    something is told after the commit, unless nobody should be.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE users_badgeaward IN SHARE ROW EXCLUSIVE MODE")
    if not (badges := list(Badge.objects.in_use())):
        return 0, 0
    statement, given = measures.measured(badges, user_ids)
    changes = measures.rows(statement + CHANGES, given)
    new = [(badge, user) for old, badge, user in changes if old is None]
    gone = [old for old, *_ in changes if old is not None]
    _award(new, tells=tells)
    _revoke(gone)
    return len(new), len(gone)


def _award(new: list[tuple[int, int]], *, tells: bool) -> None:
    told_at = None if tells else timezone.now()
    for first in range(0, len(new), BATCH):  # a new badge may go to very many
        BadgeAward.objects.bulk_create(
            BadgeAward(badge_id=badge, user_id=user, told_at=told_at)
            for badge, user in new[first : first + BATCH]
        )
    people = sorted({user for _, user in new}) if tells else []
    for user in people[:SWEEP_SIZE]:
        tasks.send_badge_mail.delay_on_commit(user)


def _revoke(gone: list[Any]) -> None:
    BadgeAward.objects.filter(pk__in=gone).update(
        revoked_at=timezone.now(), reason=BadgeAward.Reason.CORRECTION
    )
    if gone:
        transaction.on_commit(credentials.forget_revocations)


def mail_badges(user_id: int) -> None:
    """Tell a person of all new badges in one mail, once; the tries are counted as a welcome's.

    The row of the person is the claim, since an evaluation must not wait for a mail server: it
    locks the table of awards, which is therefore written only once the mail has gone.
    """
    untold = BadgeAward.objects.untold().filter(user=user_id)
    untired = untold.filter(mail_attempts__lt=MAX_ATTEMPTS)
    if not untired.update(mail_attempts=F("mail_attempts") + 1):
        return
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=user_id)
        awards = list(untold.select_related("badge").order_by("awarded_at", "badge"))
        if awards and user.is_active and wants(user, NotificationPreference.Kind.BADGES):
            emails.new_badges(user, awards)
        known = BadgeAward.objects.filter(pk__in=[award.pk for award in awards])
        known.update(told_at=timezone.now())


def overdue_badge_mails() -> list[int]:
    """People whose new badges wait for their mail too long, the oldest first."""
    due = BadgeAward.objects.untold().filter(overdue(attempts="mail_attempts", since="awarded_at"))
    people = due.order_by().values("user").annotate(since=Min("awarded_at"))
    return list(people.order_by("since", "user").values_list("user", flat=True)[:SWEEP_SIZE])


@transaction.atomic
def enable_badge(badge: Badge) -> None:
    """Let a badge be earned, and award it to all who have."""
    Badge.objects.filter(pk=badge.pk).update(is_enabled=True)
    tasks.check_and_award_badges.delay_on_commit()


def disable_badge(badge: Badge) -> None:
    """Award a badge to nobody else; who has it keeps it."""
    Badge.objects.filter(pk=badge.pk).update(is_enabled=False)
