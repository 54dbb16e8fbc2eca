"""Who would get what and when, and who would not and why; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

from events.models import Event
from leads.models import Enrolment, FollowUp, Lead, Sequence, SequenceStep
from leads.services import brakes, follow_ups, sequences
from leads.wording import Letter

# Of a sequence that is not active: as if it had been for so long.
BACK = timedelta(days=7)
MOST = 200


@dataclass(frozen=True)
class Line:
    lead: Lead
    step: SequenceStep
    due_at: datetime
    reason: str  # why it would be left out, as things are now; empty if it would go out
    letter: Letter

    @property
    def why(self) -> str:
        return str(FollowUp.Reason(self.reason).label) if self.reason else ""


def of(sequence: Sequence, *, days: int | None = None) -> list[Line]:
    """The next sendings: those that are planned, and of leads whose trigger came since.

    An active sequence never looks back beyond the moment from which it is.
    """
    now = timezone.now()
    since = now - (BACK if days is None else timedelta(days=days))
    if sequence.is_active and sequence.active_since is not None:
        since = max(since, sequence.active_since)
    return _lines(list(islice(_rows(sequence, since, now), MOST)), now)


def _rows(sequence: Sequence, since: datetime, now: datetime) -> Iterator[FollowUp]:
    """What is planned, and what would be."""
    rows = FollowUp.objects.planned().filter(enrolment__sequence=sequence).order_by("due_at", "pk")
    yield from rows.select_related("lead__user", "step", "enrolment__sequence")[:MOST]
    steps = list(sequence.steps.order_by("position"))
    found = sequences.candidates(sequence, since=since, until=now)
    for lead in found.select_related("user")[:MOST]:
        moment = lead.moment  # type: ignore[attr-defined]  # annotated by `candidates`
        enrolment = Enrolment(sequence=sequence, lead=lead, triggered_at=moment)
        for step in steps:
            due_at = sequences.due_at(enrolment, step)
            yield FollowUp(enrolment=enrolment, step=step, lead=lead, due_at=due_at)


def _lines(rows: list[FollowUp], now: datetime) -> list[Line]:
    """All are asked about at once: there are as many queries for many as for a few."""
    standings = brakes.standings([row.lead for row in rows], now)
    events = follow_ups.events_for(rows)
    return [
        _line(row, event, standings[row.lead_id], now)
        for row, event in zip(rows, events, strict=True)
    ]


def _line(follow_up: FollowUp, event: Event | None, theirs: brakes.Standing, now: datetime) -> Line:
    step, lead = follow_up.step, follow_up.lead
    assert step is not None  # noqa: S101  # of a sequence
    due_at = max(follow_up.due_at, brakes.not_before(lead, theirs, now))
    reason = brakes.left_out(follow_up, event, theirs, now)
    return Line(lead, step, due_at, reason, follow_ups.compose(step, lead, event))
