"""The end of a lead: who they were and all that was said is gone."""

import logging

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from config.encryption import keyed_hash
from leads.models import Conversation, Lead, LeadIdentity, WebhookEvent
from leads.services import identities

logger = logging.getLogger(__name__)
Kind = LeadIdentity.Kind


@transaction.atomic
def erase(lead: Lead) -> None:
    """Delete the person with everything of theirs, also what was merged into them.

    What the gateway told us of them goes too, processed or not; of the log of the admin, the name.
    """
    root = identities.current(lead)
    family = _family(root)
    list(Lead.objects.select_for_update().filter(pk__in=family).order_by("pk"))
    WebhookEvent.objects.filter(contact__in=_contacts(family)).delete()
    kind = ContentType.objects.get_for_model(Lead)
    entries = LogEntry.objects.filter(content_type=kind, object_id__in=map(str, family))
    entries.update(object_repr=f"#{root.pk}", change_message="")
    root.delete()
    logger.info("Lead %d was erased.", family[0])


def _family(root: Lead) -> list[int]:
    """The lead, and those that were merged into it, at whatever remove."""
    family, found = [root.pk], [root.pk]
    while found:
        found = list(Lead.objects.filter(merged_into__in=found).values_list("pk", flat=True))
        family += found
    return family


def _contacts(family: list[int]) -> set[str]:
    """By what the gateway's events name them: the address of a conversation, or what it may be."""
    keys = set(Conversation.objects.filter(lead__in=family).values_list("key", flat=True))
    known = LeadIdentity.objects.filter(lead__in=family, kind__in=(Kind.PHONE, Kind.LID))
    return keys | {keyed_hash("jid", jid) for one in known for jid in _jids(one)}


def _jids(identity: LeadIdentity) -> list[str]:
    if identity.kind == Kind.LID:
        return [identity.value]
    digits = identity.value.removeprefix("+")
    numbers = {digits}
    if digits.startswith("55") and len(digits) == len("5511987654321"):
        numbers.add(f"{digits[:4]}{digits[5:]}")  # as it was before the ninth digit
    return [f"{number}@s.whatsapp.net" for number in sorted(numbers)]
