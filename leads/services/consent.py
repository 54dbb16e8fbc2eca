# PLACEHOLDER: of "people"
from typing import Any

from django.db import transaction
from django.utils import timezone

from leads.models import Lead, LeadConsent


@transaction.atomic
def record(
    lead: Lead,
    *,
    purpose: str,
    is_given: bool,
    channel: str,
    text: str = "",
    version: str = "",
    proof: dict[str, Any],
) -> LeadConsent:
    """Keep a yes or no with its proof."""
    Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if purpose == LeadConsent.Purpose.UNASKED:
        lead.opted_out_at = None if is_given else timezone.now()
        lead.save(update_fields=["opted_out_at"])
    return LeadConsent.objects.create(
        lead=lead,
        purpose=purpose,
        is_given=is_given,
        channel=channel,
        text=text,
        version=version,
        proof=proof,
    )


def may_write_unasked(lead: Lead) -> bool:
    """Whether the latest word of the lead about it is yes."""
    said = LeadConsent.objects.filter(lead=lead, purpose=LeadConsent.Purpose.UNASKED)
    latest = said.order_by("-recorded_at", "-pk").first()
    return lead.opted_out_at is None and latest is not None and latest.is_given
