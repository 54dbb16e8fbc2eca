"""What the gateway remembers and we were never told: its calls live in memory and die with it."""

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from config.errors import DependencyAway
from leads.evolution import gateway, jids, messages, payloads
from leads.models import Message, WebhookEvent, WhatsAppInstance
from leads.services import webhooks

logger = logging.getLogger(__name__)
# A new instance is compared so far back, and every comparison laps over the one before.
FIRST = timedelta(days=1)
OVERLAP = timedelta(minutes=10)
# Of who was erased nothing but the ids is kept, for little longer (settings.RETENTION).
FURTHEST = timedelta(days=30)
# What came in so long a time is read, then taken in. It begins with little, lapping included, so
# that a task that is killed for being slow leaves the next one further on.
AT_FIRST, AT_MOST = timedelta(minutes=15), timedelta(hours=1)
# What came just now may still be on its way.
FRESH = timedelta(seconds=30)
BATCH = 100


def reconcile(instance_id: int, *, since: datetime | None = None) -> int:
    """Take in what is missing here, as if it had just come; return how many events that were.

    Killed halfway, the next run begins where this one came to.
    """
    mine = WhatsAppInstance.objects.filter(pk=instance_id)
    instance = mine.first()
    if instance is None or not settings.EVOLUTION_URL:
        return 0
    until = timezone.now() - FRESH
    since = since or (instance.reconciled_at or until - FIRST) - OVERLAP
    since = max(since, until - FURTHEST)
    taken = 0
    try:
        for found, end in _parts(instance, since, until):
            taken += sum(_take(instance, batch) for batch in _batches(found))
            # Never back: who asked for an earlier time leaves the next run its own.
            mine.filter(Q(reconciled_at=None) | Q(reconciled_at__lt=end)).update(reconciled_at=end)
    except (DependencyAway, gateway.Refused) as error:
        logger.warning("%s was not compared: %s.", instance.name, type(error).__name__)
    except gateway.Unfinished:
        logger.error("%s remembers too much: it was not compared to the end.", instance.name)
    if taken:
        logger.warning("%s events of %s had not come.", taken, instance.name)
    return taken


def _parts(
    instance: WhatsAppInstance, since: datetime, until: datetime
) -> Iterator[tuple[list[Any], datetime]]:
    """The records, the earliest first, as they would have come, and how far these reach.

    The gateway begins with the latest: the earliest part is asked for first, so that nothing is
    passed by where it has too much to tell.
    """
    span = AT_FIRST
    while since < until:
        end = min(since + span, until)
        records = gateway.find_messages(instance.name, since=since, until=end)
        yield sorted(records, key=lambda record: int(record["messageTimestamp"])), end
        since, span = end, min(2 * span, AT_MOST)


def _batches(records: list[Any]) -> Any:
    return (records[start : start + BATCH] for start in range(0, len(records), BATCH))


def _take(instance: WhatsAppInstance, records: list[Any]) -> int:
    ours = [record for record in records if jids.contact(record["key"])]
    ids = [record["key"]["id"] for record in ours]
    events = WebhookEvent.objects.filter(
        instance=instance, event=payloads.UPSERT, external_id__in=ids
    )
    told = dict(events.values_list("external_id", "contact"))
    rows = Message.objects.filter(instance=instance, external_id__in=ids)
    known = {*told, *rows.values_list("external_id", flat=True)}
    taken = 0
    for record in ours:
        if told.get(record["key"]["id"]) != "":  # else its person was erased
            for call in _calls(instance, record, is_known=record["key"]["id"] in known):
                taken += webhooks.accept(call)
    return taken


def _calls(instance: WhatsAppInstance, record: Any, *, is_known: bool) -> list[payloads.Call]:
    """What the gateway would have told of it; nothing, if it is none of its messages."""
    try:
        news = [] if is_known else [payloads.of_record(instance.name, record)]
        told = [payloads.of_status(instance.name, record, one) for one in _statuses(record)]
    except payloads.Malformed:
        logger.warning("%s remembers a message that cannot be read.", instance.name)
        return []
    return [*news, *told]


def _statuses(record: Any) -> set[str]:
    """How far one of ours came, as far as we understand it."""
    updates = record.get("MessageUpdate")
    if record["key"].get("fromMe") is not True or not isinstance(updates, list):
        return set()
    told = {update.get("status") for update in updates if isinstance(update, dict)}
    return {status for status in messages.DELIVERIES if status in told}
