"""What people may read of what they and others did."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Sum, Value, When, Window
from django.db.models.functions import Rank
from django.utils import timezone

from users import measures
from users.models import Badge, Contribution, User

LEADERBOARD_SIZE = 100
# Of each kind, category and month; and the streaks of all time.
SUMS = f"""
WITH line AS NOT MATERIALIZED ({measures.LINES})
SELECT kind, category, to_char(day, 'YYYY-MM') AS month, sum(amount), sum(visits)
FROM line WHERE day BETWEEN %(first)s AND %(last)s
GROUP BY kind, category, month ORDER BY month, category
"""  # noqa: S608  # SQL of ours
STREAKS = f"""
WITH line AS NOT MATERIALIZED ({measures.LINES})
SELECT length, {measures.MONDAY} FROM ({measures.streaks()}) AS streak ORDER BY last_week DESC
"""  # noqa: S608


@dataclass
class Figures:
    """What was given, in some time or category."""

    events: int = 0
    amounts: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))

    def add(self, kind: str, amount: Decimal, visits: int) -> None:
        self.events += visits
        self.amounts[kind] += amount

    def shown(self) -> dict[str, Any]:
        return {
            "events": self.events,
            "hours": self.amounts[Contribution.Kind.HOURS],
            "impact": [
                {"kind": kind, "unit": Contribution.UNITS.get(kind, ""), "amount": amount}
                for kind, amount in sorted(self.amounts.items())
                if amount and kind != Contribution.Kind.HOURS
            ],
        }


def statistics_of(user: User, first: date | None, last: date | None) -> dict[str, Any]:
    """What a person did between two days, both included, and their streaks of all time."""
    total = Figures()
    categories: dict[str, Figures] = defaultdict(Figures)
    months: dict[str, Figures] = defaultdict(Figures)
    period = {"first": first or date.min, "last": last or date.max}
    for kind, category, month, *given in measures.rows(
        SUMS, measures.parameters([user.pk]) | period
    ):
        for figures in (total, categories[category], months[month]):
            figures.add(kind, *given)
    return {
        "from": first,
        "to": last,
        **total.shown(),
        **streaks_of(user),
        "by_category": [{"category": one, **categories[one].shown()} for one in sorted(categories)],
        "by_month": [{"month": one, **months[one].shown()} for one in months],
    }


def streaks_of(user: User) -> dict[str, int]:
    """The longest streak, and the one that this week or the last belongs to."""
    found = measures.rows(STREAKS, measures.parameters([user.pk]))
    today = timezone.localdate()
    last_monday = today - timedelta(days=today.weekday() + 7)
    is_current = bool(found) and found[0][1] >= last_monday
    return {
        "current_streak": found[0][0] if is_current else 0,
        "longest_streak": max((length for length, _ in found), default=0),
    }


def badges_of(user: User) -> list[Badge]:
    """The badges to earn and those earned, each with `awarded` and the person's `progress`."""
    badges = list(Badge.objects.shown_to(user))
    values = {row.badge_id: row.value for row in measures.progress(badges, [user.pk])}
    for badge in badges:
        badge.progress = values.get(badge.pk, Decimal(0))  # type: ignore[attr-defined]
    return badges


def leaderboard(city: str, month: date | None) -> list[dict[str, Any]]:
    """Those with the most hours of the people who agreed to it; who has the same has one rank."""
    people = User.objects.in_leaderboard(city)
    if month:
        people = people.filter(
            contributions__kind=Contribution.Kind.HOURS,
            contributions__happened_at__gte=_midnight(month),
            contributions__happened_at__lt=_midnight((month + timedelta(days=32)).replace(day=1)),
        ).annotate(hours=Sum("contributions__amount"))
    else:
        people = people.annotate(hours=F("statistics__hours"))
    ranked = people.filter(hours__gt=0).annotate(rank=Window(Rank(), order_by=F("hours").desc()))
    shown = ranked.order_by("rank", "first_name", "pk")[:LEADERBOARD_SIZE]
    public = Case(When(is_public=True, then="last_name"), default=Value(""))
    return list(shown.values("rank", "first_name", "city", "hours", public_last_name=public))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
