"""Who is in which sequence: enrolled by a trigger, out again by whatever makes it unwelcome.

Locks are taken in this order: the sequence or the conversation, the lead, its follow-ups by pk.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from leads import quiet
from leads.models import Conversation, Enrolment, FollowUp, Lead, Sequence, SequenceStep
from leads.models.people import LeadQuerySet

Reason = FollowUp.Reason
Stage = Lead.Stage
Trigger = Sequence.Trigger
# The moment of each trigger, and the stages in which a lead is spoken to because of it.
TRIGGERS: dict[str, tuple[str, set[Stage]]] = {
    Trigger.CREATED: ("created_at", {Stage.NEW}),
    Trigger.QUALIFIED: ("stage_changed_at", {Stage.QUALIFIED}),
    Trigger.INVITED: ("stage_changed_at", {Stage.INVITED}),
    Trigger.SILENT: ("last_inbound_at", {Stage.NEW, Stage.QUALIFIED, Stage.INVITED}),
}
# What a lead writes within it belongs to what happened; what comes later is a reply.
SETTLED = timedelta(minutes=5)
# The same sequence does not begin again so soon after it wrote to the lead.
AGAIN = timedelta(days=30)
# At once, and in one minute: a large import must not keep from sending.
BATCH, BATCHES = 200, 20
BUSY = (Conversation.State.WAITING, Conversation.State.STAFF)
FINISHED = "finished"
OF_SEQUENCES = Q(bulk=None)
UNDONE = (FollowUp.Status.PLANNED, FollowUp.Status.SENDING)


class NoSteps(DomainError):
    code = "no_steps"
    message = _("This sequence has no steps.")


class AlreadyActive(DomainError):
    code = "already_active"
    message = _("This sequence is active already.")


class NotActive(DomainError):
    code = "not_active"
    message = _("This sequence is not active.")


@transaction.atomic
def activate(sequence: Sequence) -> None:
    """Begin with what is triggered from now on: what came before is left alone."""
    sequence = Sequence.objects.select_for_update(no_key=True).get(pk=sequence.pk)
    if sequence.is_active:
        raise AlreadyActive
    if not sequence.steps.exists():
        raise NoSteps
    Sequence.objects.filter(pk=sequence.pk).update(is_active=True, active_since=timezone.now())


@transaction.atomic
def deactivate(sequence: Sequence) -> None:
    """Enrol nobody any more, and send nothing of what was planned."""
    sequence = Sequence.objects.select_for_update(no_key=True).get(pk=sequence.pk)
    if not sequence.is_active:
        raise NotActive
    Sequence.objects.filter(pk=sequence.pk).update(is_active=False)
    end(Q(enrolment__sequence=sequence), reason=Reason.STAFF)


def person_wrote(lead: Lead) -> None:
    """A reply ends what they were told unasked; the next silence is a trigger of its own.

    The caller holds the lead's lock, as `stop` does.
    """
    end(OF_SEQUENCES & Q(lead=lead), reason=Reason.REPLIED)


def taken_over(lead: Lead) -> None:
    stop(lead, Reason.TAKEN_OVER)


def stage_changed(lead: Lead) -> None:
    """What is triggered by the new stage is found by `enrol`."""
    stop(lead, Reason.STAGE_CHANGED)


def opted_out(lead: Lead) -> None:
    """Stop the copies of what staff wrote to many as well."""
    stop(lead, Reason.OPTED_OUT, which=Q())


@transaction.atomic
def stop(lead: Lead, reason: Reason, *, which: Q = OF_SEQUENCES) -> None:
    """End what runs for the lead; what a worker is sending at this moment may still go out.

    The lead's lock makes `enrol` wait, or take them up only when this is over.
    """
    Lead.objects.select_for_update(no_key=True).filter(pk=lead.pk).first()
    end(which & Q(lead=lead), reason=reason)


def end(which: Q, *, reason: str) -> None:
    """Leave out the planned follow-ups, and end all enrolments; inside a transaction.

    What is being sent is not waited for; should it have to be tried again, its enrolment is over.
    """
    found = dict(FollowUp.objects.filter(which, status__in=UNDONE).values_list("pk", "enrolment"))
    if not found:
        return
    planned = FollowUp.objects.planned().filter(pk__in=found).order_by("pk")
    ids = list(planned.select_for_update(no_key=True).values_list("pk", flat=True))
    now = timezone.now()
    rows = FollowUp.objects.filter(pk__in=ids)
    rows.update(status=FollowUp.Status.SKIPPED, reason=reason, touched_at=now)
    running = Enrolment.objects.filter(pk__in=set(found.values()), stopped_at=None)
    running.update(stopped_at=now, stop_reason=reason)


def enrol() -> None:
    """Each minute: take up the leads whose trigger came, in every active sequence."""
    for pk in Sequence.objects.filter(is_active=True).values_list("pk", flat=True):
        for _batch in range(BATCHES):
            if _enrol_some(pk) < BATCH:
                break


@transaction.atomic
def _enrol_some(sequence_id: int) -> int:
    """Enrol and plan all their follow-ups at once, so a step that is added later is for others.

    A second worker passes the locked sequence by; a lead who is being changed waits a minute.
    """
    active = Sequence.objects.select_for_update(no_key=True, skip_locked=True)
    sequence = active.filter(pk=sequence_id, is_active=True).first()
    steps = list(sequence.steps.order_by("position")) if sequence else []
    if sequence is None or not steps:
        return 0
    waits = settles_in(sequence, steps)
    until = timezone.now() - waits
    # What is older would be sent too late; after an outage it is left alone.
    since = max(_active_since(sequence), until - settings.FOLLOW_UP_LATEST)
    found = candidates(sequence, since=since, until=until)
    leads = list(found.select_for_update(no_key=True, skip_locked=True, of=["self"])[:BATCH])
    rows = Enrolment.objects.bulk_create(
        Enrolment(sequence=sequence, lead=lead, triggered_at=_moment(lead)) for lead in leads
    )
    FollowUp.objects.bulk_create(
        FollowUp(enrolment=row, step=step, lead=row.lead, due_at=due_at(row, step))
        for row in rows
        for step in steps
    )
    return len(leads)


def settles_in(sequence: Sequence, steps: list[SequenceStep]) -> timedelta:
    """How long after its trigger a lead is taken up: when it is clear that it stands.

    Silence is one when the first step comes due, so not every message is followed by a plan.
    """
    if sequence.trigger != Trigger.SILENT:
        return SETTLED
    return max(SETTLED, timedelta(minutes=min(step.delay_minutes for step in steps)))


def candidates(sequence: Sequence, *, since: datetime, until: datetime) -> LeadQuerySet:
    """Leads whose trigger came within that time and whom nothing keeps out, with its `moment`."""
    field, stages = TRIGGERS[sequence.trigger]
    told = FollowUp.objects.counted().filter(
        lead=OuterRef("pk"),
        enrolment__sequence=sequence,
        sent_at__gte=timezone.now() - AGAIN,
    )
    enrolled = Enrolment.objects.filter(
        lead=OuterRef("pk"), sequence=sequence, triggered_at=OuterRef(field)
    )
    leads = Lead.objects.current().filter(stage__in=stages, opted_out_at=None)
    leads = leads.filter(**{f"{field}__gte": since, f"{field}__lte": until})
    if sequence.trigger != Trigger.SILENT:
        silent = Q(last_inbound_at=None) | Q(last_inbound_at__lte=F(field) + SETTLED)
        leads = leads.filter(silent)
    kept_out = Exists(busy_with(OuterRef("pk"))) | Exists(told) | Exists(enrolled)
    return leads.exclude(kept_out).annotate(moment=F(field)).order_by("pk")


def busy_with(lead: Any) -> Any:
    """Conversations with the lead in which a person answers, or is waited for."""
    return Conversation.objects.filter(lead=lead, state__in=BUSY)


def due_at(enrolment: Enrolment, step: SequenceStep) -> datetime:
    moment = enrolment.triggered_at + timedelta(minutes=step.delay_minutes)
    return quiet.next_open(moment, enrolment.lead.time_zone)


def _moment(lead: Lead) -> datetime:
    return lead.moment  # type: ignore[attr-defined]  # annotated by `candidates`


def _active_since(sequence: Sequence) -> datetime:
    # Said by active_sequence_knows_since_when.
    return sequence.active_since or timezone.now()
