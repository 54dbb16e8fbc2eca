"""What badges cost on a million lines of the ledger."""

import statistics
import time

from tests.load import ledger
from tests.load.compare import Figure, spread, time_ratio

GROUPED = """
SELECT count(*) FROM (SELECT user_id, sum(amount) FROM users_contribution GROUP BY user_id) AS one
"""
CHANGED = 200


def badges(bench):
    """Looking at everyone against adding up each person's lines, and at those who changed."""
    from users import services
    from users.models import Contribution, User

    ledger.fill()
    awarded, _ = services.evaluate_badges()
    people = User.objects.filter(pk__in=Contribution.objects.values("user"))
    figure = time_ratio(
        "badges of all, 1,000,000 lines / GROUP BY user",
        10,
        lambda: _ms(services.evaluate_badges),
        lambda: _ms(lambda: ledger.execute(GROUPED)),
    )
    figure.detail += f"; {people.count()} people, {awarded} awards"
    yield figure
    changed = list(people.order_by("?").values_list("pk", flat=True)[:CHANGED])
    for name, work in (
        ("badges", services.evaluate_badges),
        ("statistics", services.update_statistics),
    ):
        times = [_ms(lambda work=work: work(changed)) / 1000 for _ in range(5)]
        yield Figure(
            f"{name} of {CHANGED} people, seconds", statistics.median(times), 1, spread(times, " s")
        )


def _ms(work):
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000
