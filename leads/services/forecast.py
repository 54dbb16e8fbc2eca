"""Who would get what and when, and who would not and why; nothing is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.utils import timezone

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
    return list(islice(_lines(sequence, since, now), MOST))


def _lines(sequence: Sequence, since: datetime, now: datetime) -> Iterator[Line]:
    rows = FollowUp.objects.planned().filter(enrolment__sequence=sequence).order_by("due_at", "pk")
    for row in rows.select_related("lead__user", "step", "enrolment__sequence")[:MOST]:
        yield _line(row, now)
    steps = list(sequence.steps.order_by("position"))
    for lead in sequences.candidates(sequence, since=since, until=now)[:MOST]:
        moment = lead.moment  # type: ignore[attr-defined]  # annotated by `candidates`
        enrolment = Enrolment(sequence=sequence, lead=lead, triggered_at=moment)
        for step in steps:
            due_at = sequences.due_at(enrolment, step)
            yield _line(FollowUp(enrolment=enrolment, step=step, lead=lead, due_at=due_at), now)


def _line(follow_up: FollowUp, now: datetime) -> Line:
    step, event = follow_up.step, follow_ups.event_for(follow_up)
    assert step is not None  # noqa: S101  # of a sequence
    due_at = max(follow_up.due_at, brakes.not_before(follow_up, now))
    reason = brakes.left_out(follow_up, event, now)
    letter = follow_ups.compose(step, follow_up.lead, event)
    return Line(follow_up.lead, step, due_at, reason, letter)
