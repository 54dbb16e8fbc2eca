"""What keeps a follow-up from going out, now or for good."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from events.models import Event
from leads import quiet, wording
from leads.models import Conversation, FollowUp, Lead, LeadIdentity, Message, SequenceStep
from leads.services import consent, sequences

Channel = SequenceStep.Channel
Reason = FollowUp.Reason
WEEK = timedelta(days=7)
# So many messages that wait for one number let it send nothing unasked: answers come first.
BACKLOG = 60


@dataclass(frozen=True)
class Standing:
    """What decides, beside a lead's own row, whether and when they are written to."""

    has_agreed: bool = False
    is_busy: bool = False  # with a person of ours
    channels: frozenset[str] = frozenset()
    # When they were written to unasked within a week; the latest first, no more than may be.
    week: tuple[datetime, ...] = ()
    # That they were told within the time in which no sequence begins again.
    steps: frozenset[int] = frozenset()


def standing(lead: Lead, now: datetime) -> Standing:
    return standings([lead], now)[lead.pk]


def standings(leads: Iterable[Lead], now: datetime) -> dict[int, Standing]:
    """Of each, in one query; who was erased meanwhile is not written to."""
    ids = {lead.pk for lead in leads}
    recent = _written(OuterRef("pk"), now - sequences.AGAIN)
    rows = Lead.objects.only("pk").filter(pk__in=ids)
    rows = rows.annotate(
        has_agreed=consent.agreed(),
        is_busy=Exists(sequences.busy_with(OuterRef("pk"))),
        by_email=Exists(proven_emails(OuterRef("pk"))),
        by_whatsapp=Exists(chats(OuterRef("pk"))),
        week=ArraySubquery(_week(OuterRef("pk"), now)),
        steps=ArraySubquery(recent.exclude(step=None).values("step")),
    )
    return dict.fromkeys(ids, Standing()) | {row.pk: _standing(row) for row in rows}


def _standing(row: Any) -> Standing:
    by = {Channel.EMAIL: row.by_email, Channel.WHATSAPP: row.by_whatsapp}
    return Standing(
        has_agreed=row.has_agreed,
        is_busy=row.is_busy,
        channels=frozenset(channel for channel, is_there in by.items() if is_there),
        week=tuple(row.week),
        steps=frozenset(row.steps),
    )


def _week(lead: Any, now: datetime) -> QuerySet[Any, Any]:
    written = _written(lead, now - WEEK)
    return written.order_by("-at").values("at")[: settings.FOLLOW_UPS_PER_WEEK]


def _written(lead: Any, since: datetime) -> QuerySet[Any, Any]:
    """What was sent since then, or is being sent, and when (`at`)."""
    theirs = FollowUp.objects.filter(lead=lead)
    busy = theirs.counted() | theirs.filter(status=FollowUp.Status.SENDING)
    return busy.annotate(at=Coalesce(F("sent_at"), F("touched_at"))).filter(at__gt=since)


def left_out(follow_up: FollowUp, event: Event | None, theirs: Standing, now: datetime) -> str:
    """Why it is not sent at all; nothing, if nothing speaks against it."""
    lead, source = follow_up.lead, follow_up.source
    if follow_up.due_at < now - settings.FOLLOW_UP_LATEST:
        return Reason.TOO_LATE
    if lead.opted_out_at is not None:
        return Reason.OPTED_OUT
    if not theirs.has_agreed:
        return Reason.NO_CONSENT
    if moved_on := _moved_on(follow_up, theirs):
        return moved_on
    needs_city = wording.needs_city("".join(source.words(lead.language)))
    if needs_city and not wording.city_name(lead.city):
        return Reason.NO_CITY
    if follow_up.step and follow_up.step.with_event and event is None:
        return Reason.NO_EVENT
    return "" if source.channel in theirs.channels else Reason.NO_ADDRESS


def _moved_on(follow_up: FollowUp, theirs: Standing) -> str:
    """Whether the lead is not any more where the sequence found them, though no hook said so.

    Nor are they where a merge brought them a sequence that they get already.
    """
    lead, enrolment = follow_up.lead, follow_up.enrolment
    if enrolment is None:
        return Reason.STAGE_CHANGED if lead.merged_into_id else ""
    if enrolment.stopped_at is not None and enrolment.stop_reason != sequences.FINISHED:
        return enrolment.stop_reason  # while a worker had it
    _field, stages = sequences.TRIGGERS[enrolment.sequence.trigger]
    is_told = follow_up.sent_at is None and follow_up.step_id in theirs.steps
    if lead.merged_into_id or is_told or lead.stage not in stages:
        return Reason.STAGE_CHANGED
    return Reason.TAKEN_OVER if theirs.is_busy else ""


def not_before(lead: Lead, theirs: Standing, now: datetime) -> datetime:
    """The first moment from now on that the week's cap and the quiet hours allow."""
    is_full = len(theirs.week) == settings.FOLLOW_UPS_PER_WEEK
    return quiet.next_open(theirs.week[-1] + WEEK if is_full else now, lead.time_zone)


def unwelcome(message: Message) -> str:
    """Why a message that waits for its number must not go out any more; nothing, if it may.

    What answers somebody always may.
    """
    follow_up = (
        FollowUp.objects.filter(message=message)
        .select_related("lead", "step", "bulk", "event", "enrolment__sequence")
        .first()
    )
    if follow_up is None:
        return ""
    lead, now = follow_up.lead, timezone.now()
    if not quiet.is_open(now, lead.time_zone):
        return Reason.TOO_LATE
    if follow_up.enrolment and not follow_up.enrolment.sequence.is_active:
        return Reason.STAFF
    wrote = lead.last_inbound_at is not None and lead.last_inbound_at > message.sent_at
    is_over = follow_up.enrolment_id is not None and wrote
    reason = left_out(follow_up, follow_up.event, standing(lead, now), now)
    return reason or (Reason.REPLIED if is_over else "")


def email_of(lead: Lead) -> str:
    """The address that was proven last: what somebody only typed is not written to."""
    proven = proven_emails(lead).order_by("-proven_at", "-pk").first()
    return proven.value if proven else ""


def whatsapp_of(lead: Lead) -> Conversation | None:
    """Where the lead wrote to us last; no conversation is ever begun by us."""
    recent = chats(lead).order_by(F("last_message_at").desc(nulls_last=True), "-pk")
    return recent.select_related("instance", "lead").first()


def proven_emails(lead: Any) -> QuerySet[LeadIdentity]:
    """Of a lead, or of that of an outer query."""
    mine = LeadIdentity.objects.filter(lead=lead, kind=LeadIdentity.Kind.EMAIL)
    return mine.exclude(proof=LeadIdentity.Proof.CLAIM)


def chats(lead: Any) -> QuerySet[Conversation]:
    """On WhatsApp, likewise."""
    return Conversation.objects.filter(lead=lead, channel=Conversation.Channel.WHATSAPP)


def is_blocked(conversation: Conversation) -> bool:
    """Whether its number sends nothing now, or has enough to send: it would go out who knows when.

    Hours later, in the quiet hours, or before an answer that somebody waits for.
    """
    instance = conversation.instance
    if instance is None or instance.paused_at is not None:
        return True
    queued = Message.objects.filter(instance=instance, delivery=Message.Delivery.QUEUED)
    return queued[:BACKLOG].count() >= BACKLOG
