"""Follow-ups of the demo: one sequence on its way, one that a reply ended, and who is on duty."""

from datetime import timedelta

from django.utils import timezone

from leads.models import DutyShift, Enrolment, FollowUp, Lead, Sequence
from leads.services import sequences
from users.models import User

NAME = "Boas-vindas por e-mail"


def add(leads: list[Lead], staff: User) -> None:
    """Show what the pages look like in use; nothing of it is sent, as no sequence is on."""
    DutyShift.objects.get_or_create(staff=staff, defaults={"is_escalation": True})
    if (sequence := Sequence.objects.filter(name=NAME).first()) is None:
        return  # staff took the starter away
    reasons = ["", FollowUp.Reason.REPLIED]
    for lead, reason in zip(leads, reasons, strict=False):
        _enrol(sequence, lead, reason)


def _enrol(sequence: Sequence, lead: Lead, reason: str) -> None:
    moment = timezone.now() - timedelta(days=1)
    row = Enrolment.objects.create(
        sequence=sequence,
        lead=lead,
        triggered_at=moment,
        stopped_at=timezone.now() if reason else None,
        stop_reason=reason,
    )
    first, *others = sequence.steps.order_by("position")
    due_at = sequences.due_at(row, first)
    sent = {"status": FollowUp.Status.SENT, "sent_at": due_at}
    row.follow_ups.create(step=first, lead=lead, due_at=due_at, **sent)
    status = FollowUp.Status.SKIPPED if reason else FollowUp.Status.PLANNED
    for step in others:
        due_at = sequences.due_at(row, step)
        row.follow_ups.create(step=step, lead=lead, due_at=due_at, status=status, reason=reason)
