"""What the gateway told us: stored before it is answered, then processed contact by contact.

An event is claimed by a lease and a try that is counted, so that one that kills its worker counts
too. While an event waits for its next try, those of its contact wait behind it.
"""

import logging
import os
import time
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection, transaction
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.encryption import seal
from config.errors import DomainError
from config.redaction import Redactor
from leads import nudges
from leads.evolution.payloads import Call
from leads.models import WebhookEvent
from leads.services import inbound
from leads.tasks import whatsapp as tasks

logger = logging.getLogger(__name__)
# Three tries, and so long after the first and the second.
WAITS = [timedelta(seconds=1), timedelta(seconds=2)]
MAX_ATTEMPTS = len(WAITS) + 1
# One try may take so long (tasks.process_webhooks); then whoever had it is taken for dead.
LEASE = timedelta(seconds=30)
# A task goes on for so many seconds, and leaves the rest to another.
BUDGET = 15
# A nudge takes no longer than this, unless it was lost.
OVERDUE = timedelta(seconds=20)
SWEEP_SIZE = 1000
_redact = Redactor(os.environ)

# One round trip in all but the odd case.
INSERT = """
INSERT INTO leads_webhookevent
    (instance_id, external_id, event, contact, payload, received_at, attempts, error)
SELECT id, %s, %s, %s, %s, %s, 0, '' FROM leads_whatsappinstance WHERE {which}
ON CONFLICT (instance_id, event, external_id) DO NOTHING
RETURNING id
"""
EXISTS = "SELECT id FROM leads_whatsappinstance WHERE {which}"
DEFAULT, NAMED, KEYED = "is_default", "name = %s", "path_key = %s AND name = COALESCE(%s, name)"


class UnknownInstance(DomainError, ObjectDoesNotExist):
    code = "not_found"
    message = _("There is no such instance.")


class NotGivenUp(DomainError):
    code = "not_given_up"
    message = _("This was not given up, or is processed by now.")


def accept(call: Call, *, key: str = "") -> bool:
    """Store a verified call; False if it is stored already. Committed when it returns."""
    which, names = _which(call, key)
    now, payload = timezone.now(), seal(call.payload)
    values: list[Any] = [call.external_id, call.event, call.contact, payload, now]
    with connection.cursor() as cursor:
        cursor.execute(INSERT.format(which=which), [*values, *names])
        is_new = cursor.fetchone() is not None
        if not is_new:
            cursor.execute(EXISTS.format(which=which), names)
            if cursor.fetchone() is None:
                raise UnknownInstance
    if is_new:
        nudges.send(tasks.process_webhooks, call.contact)
    return is_new


def _which(call: Call, key: str) -> tuple[str, list[Any]]:
    if key:
        return KEYED, [key, call.instance]
    return (NAMED, [call.instance]) if call.instance else (DEFAULT, [])


def process(contact: str) -> float | None:
    """Process what waits of a contact, in order; return the seconds after which to come again."""
    nudges.forget(tasks.process_webhooks, contact)
    end = time.monotonic() + BUDGET
    while event := _first(contact):
        if not _claim(event):
            return _rest(event)
        wait = _try(event)
        if wait is not None:
            return wait
        if time.monotonic() > end:
            return 0
    return None


def overdue_contacts() -> list[str]:
    """Contacts of which the first event waits though nobody works on it: its message was lost."""
    now = timezone.now()
    lost = Q(try_at=None, received_at__lte=now - OVERDUE) | Q(try_at__lte=now)
    first = WebhookEvent.objects.waiting().filter(lost).values("contact").annotate(oldest=Min("pk"))
    return list(first.order_by("oldest").values_list("contact", flat=True)[:SWEEP_SIZE])


def replay(event: WebhookEvent) -> None:
    """Process an event that was given up anew, with all its tries."""
    given_up = WebhookEvent.objects.dead().filter(pk=event.pk)
    if not given_up.update(given_up_at=None, attempts=0, try_at=None, error=""):
        raise NotGivenUp
    nudges.send(tasks.process_webhooks, event.contact)


def _first(contact: str) -> WebhookEvent | None:
    """The first event in line, but for those each of whose tries killed its worker."""
    now = timezone.now()
    line = WebhookEvent.objects.waiting().filter(contact=contact).select_related("instance")
    while (event := line.order_by("pk").first()) and event.attempts >= MAX_ATTEMPTS:
        if not _free(event, now).update(given_up_at=now, error="killed its worker"):
            return event  # its last try may go on
    return event


def _claim(event: WebhookEvent) -> bool:
    """Count a try of it, if nobody is at it and it need not rest.

    Who is at it looks for the next one when it is done.
    """
    now = timezone.now()
    if event.attempts >= MAX_ATTEMPTS or not _free(event, now).update(
        attempts=F("attempts") + 1, try_at=now + LEASE
    ):
        return False
    event.attempts += 1
    return True


def _free(event: WebhookEvent, now: datetime) -> QuerySet[WebhookEvent]:
    is_free = Q(try_at=None) | Q(try_at__lte=now)
    return WebhookEvent.objects.waiting().filter(is_free, pk=event.pk, attempts=event.attempts)


def _rest(event: WebhookEvent) -> float | None:
    """The seconds until its next try, if it rests between two; None while another is at it.

    The nudge for that try may have been taken for one that stood in the queue: ours.
    """
    if event.try_at is None or event.try_at > timezone.now() + WAITS[-1]:
        return None
    return max(0.0, (event.try_at - timezone.now()).total_seconds())


def _try(event: WebhookEvent) -> float | None:
    """Process it; return the seconds to its next try if it failed and has one."""
    mine = WebhookEvent.objects.waiting().filter(pk=event.pk, attempts=event.attempts)
    try:
        with transaction.atomic():
            # Locked, not changed yet: an INSERT of the same event, which comes twice, would wait.
            if mine.select_for_update(no_key=True).values_list("pk"):
                inbound.apply(event)
                mine.update(processed_at=timezone.now(), error="")
    except Exception as error:  # whatever is wrong with one, the others get their turn
        logger.exception("Webhook event %s could not be processed.", event.pk)
        return _failed(mine, event, error)
    return None


def _failed(mine: QuerySet[WebhookEvent], event: WebhookEvent, error: Exception) -> float | None:
    now = timezone.now()
    # Without the details, in which a database repeats what it was given.
    told = str(error).partition("\n")[0].replace("\0", "")
    text = _redact.text(f"{type(error).__name__}: {told}")[:200]
    if event.attempts >= MAX_ATTEMPTS:
        mine.update(error=text, given_up_at=now)
        logger.error("Webhook event %s was given up.", event.pk)
        return None
    wait = WAITS[event.attempts - 1]
    mine.update(error=text, try_at=now + wait)
    return wait.total_seconds()
