"""The ledger of what people gave: lines are written once, reversed at most once, never changed."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from users import tasks
from users.models import Contribution

# The new lines and the totals they change, in one statement: no reader sees one without the
# other, and a line that was there already adds nothing. The order of the totals is the order
# of their locks.
RECORD = """
WITH line AS (
    INSERT INTO users_contribution
        (user_id, kind, amount, category, source, reverses_id, reason, happened_at, recorded_at)
    SELECT *, now() FROM unnest(
        %s::bigint[], %s::text[], %s::numeric[], %s::text[], %s::text[], %s::bigint[],
        %s::text[], %s::timestamptz[]
    )
    ON CONFLICT (source) DO NOTHING
    RETURNING user_id, kind, amount
)
INSERT INTO users_contributiontotal AS total (user_id, kind, amount)
SELECT user_id, kind, sum(amount) FROM line GROUP BY user_id, kind ORDER BY user_id, kind
ON CONFLICT (user_id, kind) DO UPDATE SET amount = total.amount + excluded.amount
"""

# What RECORD asks for, in its order.
COLUMNS = (
    *("user_id", "kind", "amount", "category"),
    *("source", "reverses_id", "reason", "happened_at"),
)
RECOUNT = """
MERGE INTO users_contributiontotal AS total
USING (
    SELECT user_id, kind, sum(amount) AS amount
    FROM (
        SELECT user_id, kind, amount FROM users_contribution
        UNION ALL
        SELECT user_id, kind, 0 FROM users_contributiontotal
    ) AS line
    GROUP BY user_id, kind
) AS truth
ON total.user_id = truth.user_id AND total.kind = truth.kind
WHEN MATCHED AND total.amount <> truth.amount THEN UPDATE SET amount = truth.amount
WHEN NOT MATCHED THEN INSERT (user_id, kind, amount)
    VALUES (truth.user_id, truth.kind, truth.amount)
"""


class ReversalIsFinal(DomainError):
    code = "reversal_is_final"
    message = _("A reversal cannot be reversed; record the contribution again.")


def record_contribution(
    user_id: int,
    *,
    kind: str,
    amount: Decimal,
    source: str,
    happened_at: datetime,
    category: str = "",
) -> Contribution:
    """Add a line to a person's ledger and to their total, once for each source."""
    line = Contribution(
        user_id=user_id,
        kind=kind,
        amount=amount,
        category=category,
        source=source,
        happened_at=happened_at,
    )
    record_contributions([line])
    return Contribution.objects.get(source=source)


def record_contributions(lines: Iterable[Contribution]) -> None:
    """Add many unsaved lines at once, skipping those whose source is known.

    Sorted by person, so that two calls cannot wait for each other; a transaction that
    records for several people does so in one call. What derives from the ledger follows by
    task, one of each kind for the whole call.
    """
    ordered = sorted(lines, key=lambda line: (line.user_id, line.source))
    if not ordered:
        return
    with connection.cursor() as cursor:
        cursor.execute(RECORD, [[getattr(line, name) for line in ordered] for name in COLUMNS])
    people = sorted({line.user_id for line in ordered})
    tasks.update_user_statistics.delay_on_commit(*people)
    tasks.check_and_award_badges.delay_on_commit(people)


def reverse_contribution(contribution: Contribution, *, reason: str) -> Contribution:
    """Cancel a line by a negative one, once; it counts for the same moment as the original."""
    reversal = reversal_of(contribution, reason=reason)
    record_contributions([reversal])
    return Contribution.objects.get(source=reversal.source)


def reversal_of(contribution: Contribution, *, reason: str) -> Contribution:
    """The unsaved line that cancels this one, to be recorded together with others."""
    if contribution.reverses_id:
        raise ReversalIsFinal
    return Contribution(
        user_id=contribution.user_id,
        kind=contribution.kind,
        amount=-contribution.amount,
        category=contribution.category,
        source=f"{contribution.source}:reversed",
        reverses=contribution,
        reason=reason,
        happened_at=contribution.happened_at,
    )


@transaction.atomic
def recount() -> int:
    """Rebuild all totals from the ledger; return how many differed.

    The lock waits for whoever is recording, and lets nobody record until the end: each
    line is then either counted here or added to the total afterwards, never both.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE users_contributiontotal IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(RECOUNT)
        return cursor.rowcount
