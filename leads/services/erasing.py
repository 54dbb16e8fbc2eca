"""The end of a lead: who they were and all that was said is gone."""

import logging
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.encryption import keyed_hash
from config.models import IdempotentAnswer
from leads import streams
from leads.evolution import jids, payloads
from leads.evolution.messages import Written
from leads.models import Conversation, Lead, LeadIdentity, Message, WebhookEvent
from leads.services import identities
from users.models import User

logger = logging.getLogger(__name__)
Kind, Delivery = LeadIdentity.Kind, Message.Delivery
# What is on its way goes out within its lease or never; and so much clocks may differ.
LATEST = timedelta(minutes=6)


@transaction.atomic
def erase(lead: Lead) -> None:
    """Delete the person with everything of theirs, also what was merged into them.

    What the gateway told us of them goes too, processed or not; what staff were answered by the
    API, which may hold it; of the log of the admin, the name.
    The events are locked before the leads, as they are where one is processed.
    """
    root = identities.current(lead)
    told = _lock_events(identities.family(root))
    list(Lead.objects.select_for_update().filter(pk__in=identities.family(root)).order_by("pk"))
    family = identities.family(root)
    # What came while we waited; what a worker is at just now is of whoever writes after this.
    told += _lock_events(family, skip_locked=True)
    _leave_marks(WebhookEvent.objects.filter(pk__in=told), family)
    kind = ContentType.objects.get_for_model(Lead)
    entries = LogEntry.objects.filter(content_type=kind, object_id__in=map(str, family))
    entries.update(object_repr=f"#{root.pk}", change_message="")
    _forget_answers()
    chats = Conversation.objects.filter(lead__in=family, channel=Conversation.Channel.WEB)
    if names := list(chats.values_list("public_id", flat=True)):
        transaction.on_commit(partial(streams.forget, names))
    root.delete()
    logger.info("Lead %d was erased.", family[0])


def forgotten(event: WebhookEvent, item: Written) -> bool:
    """Whether it is the echo of what was on its way as its person was erased.

    Then nothing but its id is kept. What is written later in the same words is another one. The
    lock waits for who erases them just now.
    """
    keys = (item.contact.key, item.contact.lid_key)
    chats = Conversation.objects.filter(instance=event.instance, key__in=keys)
    leads = Lead.objects.select_for_update(no_key=True).filter(pk__in=chats.values("lead"))
    list(leads.order_by("pk"))
    marks = WebhookEvent.objects.filter(instance=event.instance, event=payloads.UPSERT, contact="")
    names = [_echo(key, item.text) for key in keys]
    if not marks.filter(external_id__in=names, received_at__gte=item.sent_at - LATEST).exists():
        return False
    WebhookEvent.objects.filter(pk=event.pk).update(**_mark())
    return True


def _forget_answers() -> None:
    """Those that are kept for retries of staff, whoever they are about: at worst one runs again."""
    staff = User.objects.filter(is_staff=True).values_list("pk", flat=True)
    kept = IdempotentAnswer.objects.filter(owner__in=[f"user:{pk}" for pk in staff])
    # In their order, for others delete them too; what is being answered now has nothing yet.
    locked = kept.exclude(status=None).order_by("pk").select_for_update()
    IdempotentAnswer.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).delete()


def _lock_events(family: list[int], *, skip_locked: bool = False) -> list[int]:
    events = WebhookEvent.objects.filter(contact__in=_contacts(family)).order_by("pk")
    locked = events.select_for_update(skip_locked=skip_locked)
    return list(locked.values_list("pk", flat=True))


def _leave_marks(told: QuerySet[WebhookEvent], family: list[int]) -> None:
    """Keep the ids of what was said, and nothing else.

    The gateway remembers it, and `reconciling` would take for new what is not known here. What is
    on its way has no id yet: a keyed hash of its words stands for it.
    """
    told.update(**_mark(), given_up_at=None, error="")
    said = Message.objects.filter(conversation__lead__in=family).exclude(instance=None)
    names: set[Any] = {*said.exclude(external_id=None).values_list("instance", "external_id")}
    contacts = _contacts(family)
    pending = (Delivery.QUEUED, Delivery.SENDING)
    for message in said.filter(external_id=None, delivery__in=pending):
        names |= {(message.instance_id, _echo(key, message.text)) for key in contacts}
    WebhookEvent.objects.bulk_create(
        (
            WebhookEvent(instance_id=instance, external_id=name, event=payloads.UPSERT, **_mark())
            for instance, name in sorted(names)
        ),
        ignore_conflicts=True,
    )


def _mark() -> dict[str, Any]:
    return {"contact": "", "payload": "{}", "processed_at": timezone.now()}


def _echo(key: str, text: str) -> str:
    return keyed_hash("echo", f"{key}\0{' '.join(text.split())}")


def _contacts(family: list[int]) -> set[str]:
    """By what the gateway's events name them: the address of a conversation, or what it may be."""
    keys = set(Conversation.objects.filter(lead__in=family).values_list("key", flat=True))
    known = LeadIdentity.objects.filter(lead__in=family, kind__in=(Kind.PHONE, Kind.LID))
    return keys | {keyed_hash("jid", jid) for one in known for jid in _jids(one)}


def _jids(identity: LeadIdentity) -> list[str]:
    if identity.kind == Kind.LID:
        return [identity.value]
    return jids.of_phone(identity.value.removeprefix("+"))
