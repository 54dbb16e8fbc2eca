"""What we write: each message goes out once, in its order, at the pace of its number.

queued → sending → sent → delivered → read, or failed. Who sends claims the row for LEASE; a sending
whose end nobody saw is looked for at the gateway before it is done again.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from config.errors import DependencyAway
from leads import nudges, streams
from leads.evolution import gateway, jids, messages
from leads.models import Conversation, FollowUp, Lead, Message, WebhookEvent, WhatsAppInstance
from leads.services import brakes, handoff, instances, leases
from leads.tasks import whatsapp as tasks
from users.models import User

Delivery = Message.Delivery
PENDING = (Delivery.QUEUED, Delivery.SENDING)
# In this order, whatever the order in which we hear of them: an error does not undo a delivery.
ORDER = (
    Delivery.QUEUED,
    Delivery.SENDING,
    Delivery.SENT,
    Delivery.FAILED,
    Delivery.DELIVERED,
    Delivery.READ,
)
# Longer than any call of the gateway.
LEASE = timedelta(seconds=60)
# After a sending whose end nobody saw, the gateway has so long to know of it.
SETTLES = timedelta(seconds=15)
# After the first, second, … try that failed.
PATIENCE = [timedelta(seconds=seconds) for seconds in (15, 60, 300, 900)]
MAX_ATTEMPTS = len(PATIENCE) + 1
# Nobody waits longer for an answer; who writes then is answered anew.
TOO_LATE = timedelta(hours=24)
CLOCKS = timedelta(minutes=5)
# Why it failed; else it was refused. After so many tries nobody knows whether it is out.
TRIED_OUT, LATE = "too many tries", "too late"


def queue(
    conversation: Conversation,
    *,
    author: str,
    text: str,
    staff: User | None = None,
    answers_through: int | None = None,
    citations: Sequence[dict[str, Any]] = (),
    action: str = "",
    is_told: bool = False,
) -> Message:
    """Store what is to be said, within the caller's transaction; it goes out after the commit.

    What readers of the web saw as it was written (`is_told`) is not told again.
    """
    is_whatsapp = conversation.channel == Conversation.Channel.WHATSAPP
    now = timezone.now()
    message = Message.objects.create(
        conversation=conversation,
        instance_id=conversation.instance_id,
        author=author,
        staff=staff,
        text=text,
        answers_through=answers_through,
        citations=list(citations),
        action=action,
        sent_at=now,
        accepted_at=now,
        delivery=Delivery.SENT if is_told else Delivery.QUEUED,
        try_at=now if is_whatsapp else None,
    )
    Conversation.objects.filter(pk=conversation.pk).update(last_message_at=now)
    if is_whatsapp:
        nudges.send(tasks.deliver_messages, conversation.instance_id)
    elif not is_told:
        transaction.on_commit(partial(streams.publish_message, message))
    return message


def deliver(instance_id: int) -> None:
    """Send the next message of this number, if its pace allows it, and see to the one after it.

    No transaction is open while the gateway is asked.
    """
    nudges.forget(tasks.deliver_messages, instance_id)
    instance = _usable().filter(pk=instance_id).first()
    if instance is None or not settings.EVOLUTION_URL:
        return
    message = _next(instance)
    if message is None:
        return
    now = timezone.now()
    pace = settings.WHATSAPP_PACE
    free = WhatsAppInstance.objects.filter(pk=instance_id, paused_at=None, next_send_at__lte=now)
    if free.update(next_send_at=now + pace) and _claim(message):
        _send(instance, message)
    if _next(instance):
        instance.refresh_from_db(fields=["next_send_at"])
        wait = (instance.next_send_at - timezone.now()).total_seconds()
        nudges.send_later(tasks.deliver_messages, instance_id, seconds=max(0.0, wait))


def waiting_instances() -> list[int]:
    """Those that may send and have something to: their message may have been lost."""
    due = Message.objects.filter(delivery__in=PENDING, try_at__lte=timezone.now())
    return list(_usable().filter(pk__in=due.values("instance")).values_list("pk", flat=True))


def delivery_changed(instance: WhatsAppInstance, external_id: str, delivery: str) -> None:
    """Take over how far our message has come; never back. It may also fail late."""
    lower = ORDER[: ORDER.index(Delivery(delivery))]
    ours = Message.objects.filter(instance=instance, external_id=external_id, delivery__in=lower)
    if delivery == Delivery.FAILED:
        for message in ours:
            _failed(message, ours.filter(pk=message.pk), "refused: told later")
    else:
        _arrived(ours.filter(delivery=Delivery.FAILED))
        ours.update(delivery=delivery, try_at=None)


def _arrived(failed: QuerySet[Message]) -> None:
    """What was unasked and is there after all counts for the week."""
    logged = FollowUp.objects.filter(message__in=failed, status=FollowUp.Status.FAILED)
    now = timezone.now()
    logged.update(status=FollowUp.Status.SENT, reason="", sent_at=now, touched_at=now)


def echoed(conversation: Conversation, *, external_id: str, text: str) -> bool:
    """Whether a message from our number is one that we are just sending; then it is sent."""
    if Message.objects.filter(
        instance_id=conversation.instance_id, external_id=external_id
    ).exists():
        return True
    tried = conversation.messages.filter(
        delivery__in=PENDING, external_id=None, attempts__gt=0
    ).order_by("pk")
    for message in tried:
        if _is_same(message.text, text):
            return _sent(Message.objects.filter(pk=message.pk, external_id=None), external_id)
    return False


def _usable() -> Any:
    return WhatsAppInstance.objects.filter(paused_at=None, state=WhatsAppInstance.State.OPEN)


def _next(instance: WhatsAppInstance) -> Message | None:
    """The oldest that is due, and before which nothing in its conversation waits."""
    pending = Message.objects.filter(delivery__in=PENDING)
    earlier = pending.filter(conversation=OuterRef("conversation"), pk__lt=OuterRef("pk"))
    due = pending.filter(~Exists(earlier), instance=instance, try_at__lte=timezone.now())
    return due.select_related("conversation").order_by("try_at", "pk").first()


def _claim(message: Message) -> bool:
    """Take it for LEASE; of two who try, one succeeds. Its `delivery` stays as it was found."""
    until = timezone.now() + LEASE
    free = Message.objects.filter(pk=message.pk, delivery=message.delivery, try_at=message.try_at)
    is_mine = free.update(delivery=Delivery.SENDING, try_at=until, attempts=F("attempts") + 1)
    message.try_at = until
    message.attempts += 1
    return bool(is_mine)


def _send(instance: WhatsAppInstance, message: Message) -> None:
    """One try. What it ends in is written only while the claim is ours."""
    mine = Message.objects.filter(
        pk=message.pk, delivery=Delivery.SENDING, try_at=message.try_at, external_id=None
    )
    try:
        _try(instance, message, mine)
    except gateway.NotSent as error:
        _wait(mine, Delivery.QUEUED, timedelta(seconds=max(error.wait, 15)), attempts=-1)
    except DependencyAway:  # of looking for it: it stays as uncertain as it was
        _wait(mine, Delivery.SENDING, SETTLES, attempts=-1)
    except gateway.Uncertain:
        patience = PATIENCE[min(message.attempts, len(PATIENCE)) - 1]
        _wait(mine, Delivery.SENDING, max(patience, SETTLES))
    except gateway.Refused as refusal:
        _refused(instance, message, mine, refusal)


def _try(instance: WhatsAppInstance, message: Message, mine: Any) -> None:
    if message.delivery == Delivery.SENDING and (found := _find(instance, message)):
        _sent(mine, found)
    elif message.attempts > MAX_ATTEMPTS:
        _failed(message, mine, TRIED_OUT)
    elif message.accepted_at < timezone.now() - TOO_LATE:
        _failed(message, mine, LATE)
    elif reason := brakes.unwelcome(message):
        _take_back(message, mine, reason)
    else:
        address = message.conversation.address
        _sent(mine, gateway.send_text(instance.name, address, message.text))


def _refused(instance: WhatsAppInstance, message: Message, mine: Any, refusal: Any) -> None:
    if refusal.is_about_the_instance:
        # Whether it was uncertain before or not, so it is again.
        _wait(mine, message.delivery, timedelta(0), attempts=-1)
        instances.fail(instance, reason=instances.UNSENT)
    else:
        _failed(message, mine, f"refused: {refusal.status}")


def _find(instance: WhatsAppInstance, message: Message) -> str:
    """The id of a message that the gateway sent though we did not hear so, or ""."""
    records = gateway.find_messages(
        instance.name,
        since=message.accepted_at - CLOCKS,
        until=timezone.now() + CLOCKS,
        only_ours=True,
    )
    written = (one for record in records for one in messages.written(record))
    with suppress(gateway.Unfinished):  # it is not among the latest
        return next((one.external_id for one in written if _may_be(one, message)), "")
    return ""


def _may_be(one: messages.Written, message: Message) -> bool:
    """Whether it says the same to the same person, or to one whose phone is hidden."""
    to = jids.contact({"remoteJid": message.conversation.address})
    is_to_them = to is not None and (one.contact.key == to.key or not one.contact.phone)
    is_like_it = one.is_from_us and is_to_them and _is_same(one.text, message.text)
    # What is known by its id is another one.
    others = Message.objects.filter(instance=message.instance_id, external_id=one.external_id)
    return is_like_it and not others.exists()


def _is_same(one: str, other: str) -> bool:
    return " ".join(one.split()) == " ".join(other.split())


def _sent(mine: Any, external_id: str) -> bool:
    """Note that it is out, and what was heard of it before we knew its id."""
    message = mine.first()
    if message is None:
        return False
    try:
        with transaction.atomic():
            mine.update(external_id=external_id, delivery=Delivery.SENT, try_at=None, error="")
    except IntegrityError:
        # Told of before, and taken for written by hand: it is out all the same.
        mine.update(delivery=Delivery.SENT, try_at=None, error="")
        return True
    early = WebhookEvent.objects.filter(
        instance=message.instance_id,
        event="messages.update",
        external_id__startswith=f"{external_id}:",
    )
    for event_id in early.values_list("external_id", flat=True):
        if delivery := messages.DELIVERIES.get(event_id.rpartition(":")[2]):
            delivery_changed(message.instance, external_id, delivery)
    return True


def _wait(mine: Any, delivery: str, patience: timedelta, *, attempts: int = 0) -> None:
    mine.update(
        delivery=delivery,
        try_at=timezone.now() + patience,
        attempts=F("attempts") + attempts,
    )


@transaction.atomic
def _take_back(message: Message, mine: Any, reason: str) -> None:
    """What was queued unasked and is unwelcome by now was not sent, nor counts for the week."""
    # Before what is theirs, as who erases it does.
    Lead.objects.select_for_update(no_key=True).filter(pk=message.conversation.lead_id).first()
    if mine.update(delivery=Delivery.FAILED, try_at=None, error=f"unasked: {reason}"):
        left_out = {"status": FollowUp.Status.SKIPPED, "reason": reason, "sent_at": None}
        FollowUp.objects.filter(message=message).update(**left_out, touched_at=timezone.now())


def _log(message: Message, error: str) -> None:
    """What was unasked says why it failed; it counts for the week only if it may be out."""
    reasons = {TRIED_OUT: FollowUp.Reason.INTERRUPTED, LATE: FollowUp.Reason.TOO_LATE}
    outcome: dict[str, Any] = {"reason": reasons.get(error, FollowUp.Reason.REFUSED)}
    if error != TRIED_OUT:
        outcome["sent_at"] = None
    mine = FollowUp.objects.filter(message=message)
    mine.update(status=FollowUp.Status.FAILED, touched_at=timezone.now(), **outcome)


@transaction.atomic
def _failed(message: Message, mine: Any, error: str) -> None:
    """Nobody is left without an answer: what the assistant could not send, a person sees to."""
    try:
        chat = leases.locked(message.conversation_id)
    except ObjectDoesNotExist:  # erased meanwhile
        return
    if not mine.update(delivery=Delivery.FAILED, try_at=None, error=error):
        return
    _log(message, error)
    is_answer = message.author == Message.Author.AGENT
    if is_answer and chat.state == Conversation.State.AGENT:
        handoff.hand_off(chat, reason="not_delivered", summary=message.text)
