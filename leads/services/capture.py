# PLACEHOLDER
"""What a visitor typed."""

from config.encryption import keyed_hash
from leads.models import Lead, LeadClaim


def claim(lead: Lead, *, kind: str, value: str) -> None:
    key = keyed_hash(kind, value)
    LeadClaim.objects.get_or_create(lead=lead, kind=kind, key=key, defaults={"value": value})
