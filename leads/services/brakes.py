"""What keeps a follow-up from going out, now or for good."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
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


def left_out(follow_up: FollowUp, event: Event | None, now: datetime) -> str:
    """Why it is not sent at all; nothing, if nothing speaks against it."""
    lead, source = follow_up.lead, follow_up.source
    if follow_up.due_at < now - settings.FOLLOW_UP_LATEST:
        return Reason.TOO_LATE
    if lead.opted_out_at is not None:
        return Reason.OPTED_OUT
    if not consent.may_write_unasked(lead):
        return Reason.NO_CONSENT
    if moved_on := _moved_on(follow_up):
        return moved_on
    if wording.needs_city("".join(source.words(lead.language))) and not lead.city:
        return Reason.NO_CITY
    if follow_up.step and follow_up.step.with_event and event is None:
        return Reason.NO_EVENT
    has_address = email_of(lead) if source.channel == Channel.EMAIL else whatsapp_of(lead)
    return "" if has_address else Reason.NO_ADDRESS


def _moved_on(follow_up: FollowUp) -> str:
    """Whether the lead is not any more where the sequence found them, though no hook said so."""
    lead, enrolment = follow_up.lead, follow_up.enrolment
    if enrolment is None:
        return Reason.STAGE_CHANGED if lead.merged_into_id else ""
    _field, stages = sequences.TRIGGERS[enrolment.sequence.trigger]
    if lead.merged_into_id or lead.stage not in stages:
        return Reason.STAGE_CHANGED
    return Reason.TAKEN_OVER if sequences.busy_with(lead).exists() else ""


def not_before(follow_up: FollowUp, now: datetime) -> datetime:
    """The first moment from now on that the week's cap and the quiet hours allow."""
    lead = follow_up.lead
    others = FollowUp.objects.filter(lead=lead).exclude(pk=follow_up.pk)
    at = Coalesce(F("sent_at"), F("touched_at"))
    busy = others.counted() | others.filter(status=FollowUp.Status.SENDING)
    week = busy.annotate(at=at).filter(at__gt=now - WEEK).order_by("-at")
    latest = list(week.values_list("at", flat=True)[: settings.FOLLOW_UPS_PER_WEEK])
    is_full = len(latest) == settings.FOLLOW_UPS_PER_WEEK
    return quiet.next_open(latest[-1] + WEEK if is_full else now, lead.time_zone)


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
    return left_out(follow_up, follow_up.event, now) or (Reason.REPLIED if is_over else "")


def email_of(lead: Lead) -> str:
    """The address that was proven last: what somebody only typed is not written to."""
    mine = LeadIdentity.objects.filter(lead=lead, kind=LeadIdentity.Kind.EMAIL)
    proven = mine.exclude(proof=LeadIdentity.Proof.CLAIM).order_by("-proven_at", "-pk").first()
    return proven.value if proven else ""


def whatsapp_of(lead: Lead) -> Conversation | None:
    """Where the lead wrote to us last; no conversation is ever begun by us."""
    mine = Conversation.objects.filter(lead=lead, channel=Conversation.Channel.WHATSAPP)
    recent = mine.order_by(F("last_message_at").desc(nulls_last=True), "-pk")
    return recent.select_related("instance", "lead").first()


def is_blocked(conversation: Conversation) -> bool:
    """Whether its number sends nothing now, or has enough to send: it would go out who knows when.

    Hours later, in the quiet hours, or before an answer that somebody waits for.
    """
    instance = conversation.instance
    if instance is None or instance.paused_at is not None:
        return True
    queued = Message.objects.filter(instance=instance, delivery=Message.Delivery.QUEUED)
    return queued[:BACKLOG].count() >= BACKLOG
