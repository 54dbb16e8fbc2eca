"""Sending follow-ups: each once, whoever runs it, however often, wherever it is killed.

By WhatsApp its row and the outgoing message are one commit, and the outbox does the rest. A mail
server knows no transaction: `sent_at` is written when it gets the mail, and from there on nothing
is sent again, known or not; killed before, the sweep plans it anew.
"""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused, SMTPResponseException

from django.core.mail import get_connection
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.patience import MAX_ATTEMPTS, PATIENCE
from events import emails as event_emails
from events.models import Event
from leads import emails, wording
from leads.models import BulkMessage, Conversation, Enrolment, FollowUp, Lead, Message, SequenceStep
from leads.services import brakes, invitations, opting_out, outbox, sequences

Status = FollowUp.Status
Reason = FollowUp.Reason
# Longer than a mail server may take; and so long a task that was queued is not queued again.
LEASE = timedelta(minutes=5)
QUEUED_FOR = timedelta(minutes=2)
SWEEP_SIZE = 500
# These end the sequence for the lead; the others are about one step.
ENDING = {Reason.OPTED_OUT, Reason.STAGE_CHANGED, Reason.TAKEN_OVER}


def due() -> list[int]:
    """Pick up what was left behind; return what is due and not queued already.

    What had its turn and could not go out comes after all that had none.
    """
    _heal()
    now = timezone.now()
    waiting = FollowUp.objects.planned().filter(
        Q(queued_at=None) | Q(queued_at__lt=now - QUEUED_FOR), due_at__lte=now
    )
    turns = waiting.order_by(F("queued_at").asc(nulls_first=True), "due_at", "pk")
    ids = list(turns.values_list("pk", flat=True)[:SWEEP_SIZE])
    FollowUp.objects.filter(pk__in=ids).update(queued_at=now)
    return ids


def _heal() -> None:
    """What a killed worker was sending: planned again, unless the mail server may have it."""
    now = timezone.now()
    left = FollowUp.objects.filter(status=Status.SENDING, touched_at__lt=now - LEASE)
    again = left.filter(sent_at=None, attempts__lt=MAX_ATTEMPTS)
    again.update(status=Status.PLANNED, queued_at=None, touched_at=now)
    for follow_up in left:
        _close(follow_up, Status.FAILED, Reason.INTERRUPTED)


def send(follow_up_id: int) -> None:
    """Send it if its time has come and nothing speaks against it; else say when, or why not."""
    follow_up = FollowUp.objects.select_related("step", "bulk").filter(pk=follow_up_id).first()
    if follow_up is None:
        return
    if follow_up.source.channel == SequenceStep.Channel.EMAIL:
        _mail(follow_up_id)
    else:
        _queue(follow_up_id, follow_up.lead_id)


@transaction.atomic
def _queue(follow_up_id: int, lead_id: int) -> None:
    """By WhatsApp: the message waits in the outbox with the same commit."""
    mine = Conversation.objects.filter(lead=lead_id, channel=Conversation.Channel.WHATSAPP)
    list(mine.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    if (follow_up := _take(follow_up_id)) is None:
        return
    conversation = brakes.whatsapp_of(follow_up.lead)
    if conversation is None or brakes.is_blocked(conversation):
        return  # the next sweep asks again
    letter = compose(follow_up.source, follow_up.lead, follow_up.event)
    follow_up.message = outbox.queue(
        conversation, author=Message.Author.SYSTEM, text=_with_way_out(letter, follow_up.lead)
    )
    follow_up.sent_at = timezone.now()
    follow_up.save(update_fields=["message", "event", "sent_at"])
    _close(follow_up, Status.SENT)


def _mail(follow_up_id: int) -> None:
    """By e-mail; no transaction is open while the mail server is asked."""
    if (follow_up := _claim(follow_up_id)) is None:
        return None
    lead, letter = follow_up.lead, compose(follow_up.source, follow_up.lead, follow_up.event)
    connection = get_connection()
    message = emails.follow_up(
        lead, letter, to=brakes.email_of(lead), way_out=opting_out.link(lead), by=connection
    )
    mine = FollowUp.objects.filter(
        pk=follow_up.pk, status=Status.SENDING, attempts=follow_up.attempts
    )
    try:
        connection.open()
    except OSError:
        return _try_later(follow_up)
    if not mine.update(sent_at=timezone.now()):
        return connection.close()  # too slow: another worker has it
    try:
        message.send()
    except (SMTPRecipientsRefused, SMTPResponseException):
        _try_later(follow_up)
    except OSError:
        _close(follow_up, Status.FAILED, Reason.INTERRUPTED)
    else:
        _close(follow_up, Status.SENT)
    finally:
        connection.close()


@transaction.atomic
def _claim(follow_up_id: int) -> FollowUp | None:
    if (follow_up := _take(follow_up_id)) is not None:
        follow_up.status, follow_up.touched_at = Status.SENDING, timezone.now()
        follow_up.attempts += 1
        follow_up.save(update_fields=["status", "touched_at", "attempts", "event"])
    return follow_up


def _take(follow_up_id: int) -> FollowUp | None:
    """Give it, locked, if it may go out now; else note what becomes of it.

    All that is planned for the lead is locked: two at once would not see each other in the
    week's cap, and an opt-out either comes before, or finds it sent.
    """
    lead_id = FollowUp.objects.filter(pk=follow_up_id).values("lead")
    planned = FollowUp.objects.planned().filter(lead__in=lead_id).order_by("pk")
    if follow_up_id not in planned.select_for_update(no_key=True).values_list("pk", flat=True):
        return None
    # Read after the lock, and with it everything that is decided by.
    follow_up = FollowUp.objects.select_related(
        "lead__user", "step", "bulk", "enrolment__sequence"
    ).get(pk=follow_up_id)
    now = timezone.now()
    if follow_up.due_at > now:
        return None
    (follow_up.event,) = events_for([follow_up])
    theirs = brakes.standing(follow_up.lead, now)
    if reason := brakes.left_out(follow_up, follow_up.event, theirs, now):
        _leave_out(follow_up, reason)
        return None
    if (moment := brakes.not_before(follow_up.lead, theirs, now)) > now:
        FollowUp.objects.filter(pk=follow_up.pk).update(due_at=moment, queued_at=None)
        return None
    return follow_up


def events_for(rows: list[FollowUp]) -> list[Event | None]:
    """To what each invites, if it invites at all and there is anything near."""
    invites = [row.step is not None and row.step.with_event for row in rows]
    leads = [row.lead for row, is_one in zip(rows, invites, strict=True) if is_one]
    found = invitations.events_near(leads)
    return [
        found.get(row.lead_id) if is_one else None
        for row, is_one in zip(rows, invites, strict=True)
    ]


def compose(source: SequenceStep | BulkMessage, lead: Lead, event: Event | None) -> wording.Letter:
    """What the lead reads, in their language."""
    with translation.override(lead.language):
        told = {}
        if event is not None:
            when, page = event_emails.when(event), event_emails.page(event)
            told = {"event": event.title, "event_when": when, "event_url": page}
        name, city = wording.first_name(lead.name), wording.city_name(lead.city)
        facts = wording.Facts(name=name, city=city, **told)
        return wording.Letter(*(wording.fill(text, facts) for text in source.words(lead.language)))


def _with_way_out(letter: wording.Letter, lead: Lead) -> str:
    with translation.override(lead.language):
        way_out = _("To get no more of these messages, answer PARAR.")
    return f"{letter.text.strip()}\n\n{way_out}"


def _leave_out(follow_up: FollowUp, reason: str) -> None:
    if follow_up.enrolment_id and reason in ENDING:
        sequences.end(Q(enrolment=follow_up.enrolment_id), reason=reason)
    else:
        _close(follow_up, Status.SKIPPED, reason)


def _try_later(follow_up: FollowUp) -> None:
    """The mail server said no, or did not answer at all: nothing went out."""
    if follow_up.attempts >= MAX_ATTEMPTS:
        return _close(follow_up, Status.FAILED, Reason.REFUSED)
    now = timezone.now()
    FollowUp.objects.filter(pk=follow_up.pk, attempts=follow_up.attempts).update(
        status=Status.PLANNED,
        sent_at=None,
        queued_at=None,
        due_at=now + PATIENCE[follow_up.attempts - 1],
        touched_at=now,
    )


@transaction.atomic
def _close(follow_up: FollowUp, status: Status, reason: str = "") -> None:
    """Note how it ended; the last one ends its enrolment."""
    now = timezone.now()
    rows = FollowUp.objects.filter(pk=follow_up.pk, attempts=follow_up.attempts)
    rows.filter(status__in=sequences.UNDONE).update(status=status, reason=reason, touched_at=now)
    if follow_up.enrolment_id is None:
        return
    running = Enrolment.objects.filter(pk=follow_up.enrolment_id, stopped_at=None)
    running.exclude(follow_ups__status__in=sequences.UNDONE).update(
        stopped_at=now, stop_reason=sequences.FINISHED
    )
